#pragma once

#include "actors/engine_parts.hpp"
#include "messages/domain/pod.hpp"

/// Where the cgroups of containers and pods are, below each hierarchy's root, by the engine's cgroup driver. Pure.
namespace gantry {

/// cgroupfs: "<parent>/<ns>/<id>", and in a pod "<the pod's>/<id>". systemd: "<slice>/gantry-<id>.scope".
std::string cgroup_of(const engine_config& config, const container_record& record);

/// What holds a pod's containers: "<parent>/<id>", or "<slice>/<slice>-<id>.slice".
std::string cgroup_of(const engine_config& config, const pod_record& pod);

/// The cgroup of the process that keeps a pod's PID namespace, within the pod's.
std::string pause_cgroup_of(const engine_config& config, const pod_record& pod);

/// The same as linux.cgroupsPath (runtime-spec) has it: for systemd "SLICE:PREFIX:NAME".
std::string cgroups_path_of(const engine_config& config, const container_record& record);

/// Whether a user may ask for this parent; empty: the engine's own. Errors: invalid_argument.
result<void> check_cgroup_parent(const engine_config& config, const std::string& parent);

} // namespace gantry
