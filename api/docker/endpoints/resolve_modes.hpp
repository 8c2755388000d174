#pragma once

#include "api/docker/context.hpp"

namespace gantry::docker::endpoints {

/// Replaces the names in "container:<name>" modes and of networks by full ids, so that a later rename, or another of
/// the same name, changes nothing. Errors: not_found.
awaitable<result<void>> resolve_modes(context& door, container_options& options);

} // namespace gantry::docker::endpoints
