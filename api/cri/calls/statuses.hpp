#pragma once

#include "api/cri/call.hpp"

namespace gantry::cri::calls {

/// The status of a container, with its image's name by digest.
awaitable<v1::ContainerStatus> status_of(context& door, const container_record& of);

/// The statuses of all containers of a pod.
awaitable<result<std::vector<v1::ContainerStatus>>> statuses_of(context& door, const std::string& pod);

} // namespace gantry::cri::calls
