#pragma once

#include <optional>

#include "api/docker/render/json.hpp"
#include "messages/volumes.hpp"

namespace gantry::docker {

/// A volume in Docker's JSON. `bytes` is what lies in it; without, that was not measured. Pure.
json volume(const volume_info& of, std::optional<std::uint64_t> bytes = std::nullopt);

} // namespace gantry::docker
