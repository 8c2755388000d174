#pragma once

#include <string>
#include <string_view>

#include "messages/domain/error.hpp"

namespace gantry::docker {

/// "ctrl-p,ctrl-q" or "a,ctrl-@" as bytes (docker attach, "--detach-keys"). Empty: the default. Errors:
/// invalid_argument.
result<std::string> parse_detach_keys(std::string_view text);

/// Looks for the detach sequence in what is typed. Bytes that may begin it are held back until it is clear that they do
/// not. One per attached terminal.
class detach_watch {
public:
  explicit detach_watch(std::string keys) : keys_(std::move(keys)) {}

  struct outcome {
    std::string forward; ///< for the container
    bool detached = false;
  };
  outcome add(std::string_view typed);

private:
  std::string keys_;
  std::size_t seen_ = 0; ///< how much of keys_ was typed last
};

} // namespace gantry::docker
