#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "messages/domain/error.hpp"
#include "tools/gantry-load/line/settings.hpp"

namespace gantry::load {

/// What a command line comes to: a run, or a text to print (help, version).
struct parsed_line {
  std::optional<settings> run;
  std::string text;
};

/// Reads the arguments, without the program's name. `variable` looks up the environment: GANTRY_HOST and DOCKER_HOST
/// name the socket when --host does not. Errors: invalid_argument, with the reason in a sentence.
result<parsed_line> parse_line(std::vector<std::string> arguments,
                               const std::function<const char*(const char*)>& variable);

} // namespace gantry::load
