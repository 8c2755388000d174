#pragma once

#include "api/cri/cri.pb.h"
#include "api/cri/mapping/security.hpp"
#include "messages/catalog.hpp"
#include "messages/domain/pod.hpp"
#include "messages/images.hpp"

namespace gantry::cri {

namespace v1 = ::runtime::v1;

/// A container as it can be made, but for what is still to be read from a file.
struct container_plan {
  container_options options;
  std::string seccomp_profile; ///< path of a document for add_seccomp_profile; empty: none
};
/// What the kubelet asks of a container in `pod`. Errors: invalid_argument, naming the field.
result<container_plan> parse_container(const v1::ContainerConfig& from, const pod_record& pod,
                                       const host_security& host);

v1::Container render_container(const container_record& from);
/// `image` is the container's; none when it is gone.
v1::ContainerStatus render_container_status(const container_record& from, const found_image* image);
v1::ContainerMetadata render_metadata(const pod_member& from);

/// Of a container that has ended, as Kubernetes knows it: "Completed", "Error", "OOMKilled", "StartError".
std::string reason_of(const container_state& state);

} // namespace gantry::cri
