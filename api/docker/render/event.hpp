#pragma once

#include "api/docker/render/json.hpp"
#include "messages/domain/event.hpp"

namespace gantry::docker {

/// One line of GET /events. Pure.
json event_message(const event& of);

/// "container", "image", "network", "volume".
std::string_view subject_name(event::subject of);

} // namespace gantry::docker
