#pragma once

#include <optional>
#include <string>

#include "api/cri/streaming/request.hpp"

namespace gantry::cri {

/// Terminal sizes out of a resize stream: JSON objects, {"Width": 80, "Height": 24}, one after another.
class resize_reader {
public:
  void add(std::string_view bytes) { buffer_ += bytes; }
  /// The next size, none when more bytes are needed. What is no size is skipped: it ends no session. Errors: corrupt
  /// for an object that does not end.
  result<std::optional<terminal_size>> next();

private:
  std::string buffer_;
};

} // namespace gantry::cri
