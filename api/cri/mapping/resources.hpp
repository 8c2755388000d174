#pragma once

#include "api/cri/cri.pb.h"
#include "messages/domain/container.hpp"

namespace gantry::cri {

namespace v1 = ::runtime::v1;

/// Limits on a container or a pod. Zero is "not limited". Errors: invalid_argument, naming the field.
result<resource_limits> parse_resources(const v1::LinuxContainerResources& from);

/// Two sets of limits for one cgroup: a pod's containers', and what the pod itself costs.
resource_limits with_overhead(resource_limits resources, const resource_limits& overhead);

v1::LinuxContainerResources render_resources(const resource_limits& from, std::optional<int> oom_score_adj);

} // namespace gantry::cri
