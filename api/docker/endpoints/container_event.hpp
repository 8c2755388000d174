#pragma once

#include "api/docker/context.hpp"

namespace gantry::docker::endpoints {

/// Tells as an event what only a door knows of: "restart", "top", "attach", "resize".
void tell_event(context& door, const container_record& of, std::string action,
                std::map<std::string, std::string> attributes = {});

} // namespace gantry::docker::endpoints
