#pragma once

#include "api/cri/cri.pb.h"
#include "messages/domain/pod.hpp"

namespace gantry::cri {

namespace v1 = ::runtime::v1;

/// What the kubelet asks of a pod. What concerns a sandbox's own process (its user, root file system, profiles) is
/// looked at by nobody: a pod has none. Errors: invalid_argument, naming the field.
result<pod_options> parse_pod(const v1::PodSandboxConfig& from, const std::string& runtime_handler);

v1::PodSandbox render_pod(const pod_record& from);
v1::PodSandboxStatus render_pod_status(const pod_record& from);

} // namespace gantry::cri
