#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "messages/launcher.hpp"
#include "messages/pod_network.hpp"
#include "runtime/network/cni/sequence.hpp"

namespace gantry {

/// How many attachments and detachments have a plugin running at once; the rest wait.
inline constexpr std::size_t max_pod_network_operations = 16;

/// Where the node's networks are configured, and their plugins are.
struct cni_paths {
  std::string config = "/etc/cni/net.d";
  network::cni::plugin_folders plugins{"/opt/cni/bin", "/usr/lib/cni"};
};

struct pod_networks_state {
  cni_paths where;
  std::vector<launcher_actor> launchers;
  network::cni::folder_content networks; ///< as they were when the folder had its fingerprint
  std::size_t running = 0;               ///< at most max_pod_network_operations
  std::deque<std::function<void()>> waiting;
  std::vector<caf::typed_response_promise<done>> draining; ///< answered when nothing runs or waits

  static inline const char* name = "pod_network";
};

/// pod_network (messages/pod_network.hpp). The plugins run in the zygote of the pod's monitor.
pod_network_actor::behavior_type pod_network_supervisor(pod_network_actor::stateful_pointer<pod_networks_state> self,
                                                        cni_paths where, std::vector<launcher_actor> launchers);

} // namespace gantry
