#pragma once

#include "actors/engine_parts.hpp"

namespace gantry {

/// What is known of a container before anything is made. It goes to one of `monitors` by its id, which is random.
container_record new_record(const create_container& request, std::size_t monitors);

/// The sandbox that a Docker container gets for itself: its id is the container's.
sandbox_record sandbox_of(const container_record& record);

/// The name a container's UTS namespace gets: the user's, the host's when it shares the host's network, or the first
/// 12 digits of the id.
std::string host_name_of(const engine_config& config, const container_record& record);

/// linux.cgroupsPath: "<parent>/<ns>/<id>".
std::string cgroup_of(const engine_config& config, const container_record& record);

} // namespace gantry
