#pragma once

#include <string>
#include <string_view>

#include "tools/gantry/http/client.hpp"

namespace gantry::cli {

/// Reads a body of JSON documents, one a line (pull's progress, events).
class json_lines {
public:
  /// `from` must outlive this.
  explicit json_lines(http::response& from) : from_(from) {}

  /// The next document; a discarded one (`is_discarded()`) at the end. Blocks. Errors: unavailable for a line that is
  /// not JSON; exhausted for one over 4 MiB.
  result<json> next();

private:
  http::response& from_;
  std::string pending_;
};

} // namespace gantry::cli
