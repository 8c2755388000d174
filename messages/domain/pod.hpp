#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "messages/domain/container.hpp"
#include "messages/domain/key.hpp"

/// Pods as the Kubernetes CRI v1 means them (k8s.io/cri-api, api.proto): a sandbox with several containers.
namespace gantry {

struct pod_dns {
  std::vector<std::string> servers, searches, options;
  friend bool operator==(const pod_dns&, const pod_dns&) = default;
};

/// What the kubelet asks of a pod. Validated where it enters (api/cri).
struct pod_options {
  pod_metadata metadata;
  std::string hostname;       ///< empty on the node's network
  std::string log_directory;  ///< absolute; its containers' log paths are relative to it; empty: no logs
  std::optional<pod_dns> dns; ///< empty: the node's resolv.conf
  std::vector<port_binding> ports;
  std::map<std::string, std::string> labels, annotations;
  std::string runtime; ///< the runtime handler; empty: the engine's default
  std::string cgroup_parent;
  std::map<std::string, std::string> sysctls;
  /// Of its containers: pod (shared by them) or node. pid also container: each has one of its own.
  namespace_mode network = namespace_mode::pod, ipc = namespace_mode::pod, pid = namespace_mode::container;
  std::vector<id_mapping> uid_map, gid_map; ///< of a user namespace of its own; empty: the node's
  bool privileged = false;                  ///< whether its containers may be
  resource_limits resources;
};

/// A pod's life. Ready from the moment that RunPodSandbox answers until it is stopped or its monitor dies.
enum class pod_phase : std::uint8_t { starting, ready, not_ready };

/// All that is known of a pod and outlives the engine.
struct pod_record {
  key name; ///< its (namespace, id)
  pod_options options;
  pod_phase now = pod_phase::starting;
  bool attached = false;              ///< there may be something of CNI's to undo: set before the first ADD
  std::vector<std::string> addresses; ///< the primary one first; empty on the node's network
  std::string cni_result;             ///< JSON, what the last plugin of the ADD answered
  std::string cni_network;            ///< the network's document that the ADD went by: its undoing goes by the same
  std::string network_namespace;      ///< path; empty on the node's network, or once it is gone
  std::uint32_t monitor = 0;          ///< index of the monitor that holds its namespaces
  unix_nanos created_at = 0;
};
using pod_view = std::shared_ptr<const pod_record>; ///< immutable: lists share it

} // namespace gantry
