#pragma once

#include <optional>
#include <string>

#include "actors/engine_parts.hpp"
#include "messages/domain/monitor.hpp"
#include "messages/domain/pod.hpp"

/// What a pod decides for its containers. Pure.
namespace gantry::pod {

/// A container's options with what its pod says: names, namespaces, DNS, cgroup, runtime, log. A runtime of its own
/// stays. Errors: invalid_argument for one that asks for more than its pod may have, or has no name.
result<container_options> complete(const engine_config& config, const pod_record& pod, container_options options);

/// The namespaces that its monitor is to hold for it; none when there are none to be held.
std::optional<monitor::make_pod_namespaces> namespaces_of(const engine_config& config, const pod_record& pod);

/// The same in the monitor's words.
std::vector<monitor::id_range> ranges_of(const std::vector<id_mapping>& map);

/// Where its log goes; empty: nowhere. Errors: invalid_argument for a path that leaves the pod's log directory.
result<std::string> log_path_of(const pod_record& pod, const pod_member& member);

/// Unique among all containers of all pods, and tells a person which one it is.
std::string display_name_of(const pod_record& pod, const pod_member& member);

} // namespace gantry::pod
