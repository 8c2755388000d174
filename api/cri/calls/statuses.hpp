#pragma once

#include "api/cri/call.hpp"

namespace gantry::cri::calls {

/// The status of a container, with its image's names as they are now. Any thread.
v1::ContainerStatus status_of(const context& door, const container_record& of);

/// The statuses of all containers of a pod. Any thread.
std::vector<v1::ContainerStatus> statuses_of(const context& door, const container_table& all, const std::string& pod);

} // namespace gantry::cri::calls
