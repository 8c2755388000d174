#pragma once

#include "actors/engine_parts.hpp"

namespace gantry {

/// Which of `monitors` has a sandbox: by its id, which is random.
std::uint32_t monitor_for(const key& sandbox, std::size_t monitors);

/// Whether a container's sandbox is a pod.
bool in_pod(const container_record& record);

/// What is known of a container before anything is made.
container_record new_record(const create_container& request, std::size_t monitors);

/// The sandbox that a Docker container gets for itself: its id is the container's.
sandbox_record sandbox_of(const container_record& record);

/// A sandbox's end of a network that it is not attached to.
network_endpoint detached(const endpoint_options& asked);

/// What the others on a user-defined network find a container by: its name first.
std::vector<std::string> names_of(const container_record& record, const std::vector<std::string>& aliases);

/// What is published of a container with publish_all: what its user said, and each port that is exposed beside.
std::vector<port_binding> all_ports_of(const container_options& options);

/// The name a container's UTS namespace gets: the user's, the host's when it shares the host's network, or the first
/// 12 digits of the id.
std::string host_name_of(const engine_config& config, const container_record& record);

} // namespace gantry
