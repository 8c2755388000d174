#pragma once

#include <string_view>

#include "messages/container_supervisor.hpp"

namespace gantry::docker {

/// The body of POST /containers/{id}/update. Errors: invalid_argument, also for what can only be said at the creation.
result<update_container> parse_update_body(std::string_view text);

} // namespace gantry::docker
