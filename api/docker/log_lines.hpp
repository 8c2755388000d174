#pragma once

#include <memory>

#include "api/docker/context.hpp"
#include "runtime/log/log_reader.hpp"

namespace gantry::docker {

/// How a log's entries are written to a client.
struct log_format {
  bool timestamps = false;
  bool raw = false;     ///< a terminal's: without the headers that tell stdout from stderr
  bool details = false; ///< with the attributes that were written with the entry
};

/// One entry as the client gets it. Pure.
std::string log_line(const log::entry& entry, log_format how);

/// A container's log, read in portions on the door's pool.
class log_lines {
public:
  log_lines(std::string path, log::query what, log_format how);

  /// The next portion (about 64 KiB at most); empty when there is no more for now. Errors: the reader's.
  awaitable<result<std::string>> next(context& door);
  /// An entry past `until` was met: nothing more will come.
  [[nodiscard]] bool finished() const;

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace gantry::docker
