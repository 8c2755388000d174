#pragma once

#include <string_view>

#include "messages/container_supervisor.hpp"

namespace gantry::docker {

/// The body of POST /containers/{id}/exec. Pure. Errors: invalid_argument.
result<exec_options> parse_exec_body(std::string_view text);

/// The body of POST /exec/{id}/start. An empty body is the defaults. Errors: invalid_argument.
struct exec_start_body {
  bool detach = false, tty = false;
  console_size console;
};
result<exec_start_body> parse_exec_start_body(std::string_view text);

} // namespace gantry::docker
