#pragma once

#include "messages/domain/container.hpp"

namespace gantry {

/// What a container's limits are after a change of some; what is zero or empty in `change` stays. Pure. Errors:
/// failed_precondition, in Docker's words, where the two contradict each other.
result<resource_limits> with_change(resource_limits now, const resource_limits& change);

} // namespace gantry
