#pragma once

#include "api/docker/render/json.hpp"
#include "messages/volumes.hpp"

namespace gantry::docker {

/// A volume in Docker's JSON. Pure.
json volume(const volume_info& of);

} // namespace gantry::docker
