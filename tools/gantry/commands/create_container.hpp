#pragma once

#include <string>

#include "tools/gantry/line/command.hpp"
#include "tools/gantry/options/create_options.hpp"

namespace gantry::cli {

/// Creates a container from operands IMAGE [COMMAND...], pulling the image as --pull says, with progress on stderr.
/// Prints the daemon's warnings, writes --cidfile, and returns the id. `body` is that of `create_body`.
result<std::string> create_container(context& with, const create_options& options, const json& body);

} // namespace gantry::cli
