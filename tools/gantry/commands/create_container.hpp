#pragma once

#include <functional>
#include <string>

#include "tools/gantry/line/command.hpp"
#include "tools/gantry/options/create_options.hpp"

namespace gantry::cli {

/// Makes `call`, which needs the image: pulls that before, or once the daemon has said that it is missing, as --pull
/// says.
result<json> call_with_image(context& with, const create_options& options, const std::string& image,
                             const std::function<result<json>()>& call);

/// Creates a container from operands IMAGE [COMMAND...], pulling the image as --pull says, with progress on stderr.
/// Prints the daemon's warnings, writes --cidfile, and returns the id. `body` is that of `create_body`.
result<std::string> create_container(context& with, const create_options& options, const json& body);

} // namespace gantry::cli
