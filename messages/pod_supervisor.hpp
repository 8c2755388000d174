#pragma once

#include "messages/pods.hpp"
#include "messages/sandbox_supervisor.hpp"

namespace gantry {

/// The first message that a new pod gets: makes it ready, or leaves nothing of it.
struct create_pod {
  pod_record record;
  std::string client; ///< who asks, for fairness
};

/// A pod as the engine found it again at its start.
struct recover_pod {
  pod_record record;
  bool held = false; ///< its monitor still has its namespaces
  std::vector<recover_container> containers;
};

/// The monitor that held its namespaces died.
struct namespaces_lost {};

/// pod_supervisor: a pod's namespaces, network, parent cgroup and containers. To its containers, and to doors that
/// start them, it is their sandbox. What it shares with pods_actor it does for this pod, whatever id the request names.
using pod_supervisor_actor = sandbox_supervisor_actor::extend<
    replies_to<create_pod>::with<pod_running>,
    // Answers when its containers are supervised again, and what a crash left half-made is undone
    replies_to<recover_pod>::with<done>,
    // The actor ends after remove_pod
    replies_to<stop_pod>::with<done>, replies_to<remove_pod>::with<done>,
    replies_to<create_pod_container>::with<created>, replies_to<update_pod>::with<done>, reacts_to<namespaces_lost>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::create_pod)
GANTRY_MESSAGE(gantry::recover_pod)
GANTRY_MESSAGE(gantry::namespaces_lost)
