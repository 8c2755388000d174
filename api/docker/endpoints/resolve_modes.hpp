#pragma once

#include "api/docker/context.hpp"

namespace gantry::docker::endpoints {

/// Replaces the names in "container:<name>" modes by full ids, so that a later rename changes nothing. Errors:
/// not_found.
awaitable<result<void>> resolve_modes(context& door, container_options& options);

} // namespace gantry::docker::endpoints
