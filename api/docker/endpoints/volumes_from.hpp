#pragma once

#include "api/docker/context.hpp"

namespace gantry::docker::endpoints {

/// Adds what the containers that options.volumes_from names have mounted, where the user put nothing else (docker run
/// --volumes-from). Errors: not_found for one that does not exist; invalid_argument for a mode that is none.
awaitable<result<void>> inherit_volumes(context& door, container_options& options);

} // namespace gantry::docker::endpoints
