#pragma once

#include <string>
#include <string_view>

#include "messages/domain/container.hpp"

namespace gantry::docker {

/// The body of POST /containers/create as options of the engine (Docker Engine API, "ContainerCreate": Config,
/// HostConfig, NetworkingConfig). Unknown fields are ignored, as dockerd does; known ones that the engine cannot honour
/// are refused by name, never dropped. Pure; any thread. Errors: invalid_argument; not_found for an unknown network.
result<container_options> parse_create_body(std::string_view text);

/// A container's name as a user may choose it. Errors: invalid_argument in dockerd's words.
result<void> check_container_name(std::string_view name);

} // namespace gantry::docker
