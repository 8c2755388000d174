#pragma once

#include <string>

#include "tools/gantry/line/command.hpp"

namespace gantry::cli {

/// The body of an answer into a file, which is there only when all of it is. Errors: the answer's; the errno's.
result<void> save_to_file(http::response& answer, const std::string& path);

/// The same to a stream: `what | tar x`.
result<void> save_to_stream(http::response& answer, std::ostream& to);

/// Sends a file's bytes as the body of a request: `path`, or for "-" standard input. Returns the head of the answer.
/// Errors: the answer's; the errno's.
result<http::response> send_file(context& with, const http::request& what, const std::string& path);

} // namespace gantry::cli
