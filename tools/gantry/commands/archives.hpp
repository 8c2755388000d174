#pragma once

#include <string>

#include "tools/gantry/line/command.hpp"

namespace gantry::cli {

/// The body of an answer into a file, which is there only when all of it is. Errors: the answer's; the errno's.
result<void> save_to_file(http::response& answer, const std::string& path);

/// The same to a stream: `what | tar x`.
result<void> save_to_stream(http::response& answer, std::ostream& to);

} // namespace gantry::cli
