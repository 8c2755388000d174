#pragma once

#include <map>

#include "api/cri/context.hpp"
#include "api/cri/mapping/stats.hpp"

namespace gantry::cri::calls {

using uses = std::map<std::string, container_use>; ///< by container's id

/// What these containers use: some hundred microseconds each, on the door's pool; their layers by the engine's word.
awaitable<result<uses>> measure(context& door, std::vector<container_view> of);
/// The same, and what takes longer: their open files.
awaitable<result<uses>> measure_all(context& door, std::vector<container_view> of);

} // namespace gantry::cri::calls
