#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "messages/domain/key.hpp"

/// What a container must know of the pod that it is in; the pod itself stands in pod.hpp.
namespace gantry {

/// The namespace of the CRI door.
inline constexpr auto pods_namespace = "k8s";

/// Where a container has a namespace from (CRI v1, NamespaceMode): its pod's, its own, the node's, or the target
/// container's of the same pod.
enum class namespace_mode : std::uint8_t { pod, container, node, target };

/// A range of a user namespace (user_namespaces(7)).
struct id_mapping {
  std::uint32_t container_id = 0, host_id = 0, length = 0;
  friend bool operator==(const id_mapping&, const id_mapping&) = default;
};

/// What tells pods apart (CRI v1, PodSandboxMetadata): two with the same are the same.
struct pod_metadata {
  std::string name, uid, ns; ///< ns: Kubernetes' namespace, which is not the engine's
  std::uint32_t attempt = 0;
  friend auto operator<=>(const pod_metadata&, const pod_metadata&) = default;
};

/// A container's place in a pod (CRI v1, ContainerMetadata and what goes with it).
struct pod_member {
  key pod;          ///< full id; an empty one: in no pod
  std::string name; ///< unique in its pod, with `attempt`
  std::uint32_t attempt = 0;
  std::string log_path; ///< relative to the pod's log directory; empty: no log
  namespace_mode pid = namespace_mode::container;
  std::string pid_target;                       ///< full id of a container of the same pod, with namespace_mode::target
  std::vector<id_mapping> uid_map{}, gid_map{}; ///< of its pod's user namespace; empty: the node's users

  friend bool operator==(const pod_member&, const pod_member&) = default;
};

} // namespace gantry
