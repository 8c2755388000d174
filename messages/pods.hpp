#pragma once

#include <set>
#include <string>

#include "messages/caf.hpp"
#include "messages/container_supervisor.hpp"
#include "messages/domain/pod.hpp"
#include "messages/launcher.hpp"

namespace gantry {

/// Makes a pod and waits until it is ready. One with the same metadata (name, uid, namespace, attempt) that is being
/// made is joined, one that is ready is the answer; so a kubelet's retry never makes two.
struct run_pod {
  std::string ns;
  pod_options options;
  std::string client;
};
struct pod_running {
  key name;
};

/// By full id or a prefix of it that only one has. Stopping ends its containers by force, then undoes its network and
/// namespaces; removing stops it first if need be, and removes its containers. Both idempotent: one that is not there
/// is done.
struct stop_pod {
  std::string ns, id;
};
struct remove_pod {
  std::string ns, id;
};

/// Makes a container in a pod that is ready. options.in_pod names the pod, by full id. One with the same name and
/// attempt in the same pod that is being made is joined, one that is there is the answer.
struct create_pod_container {
  container_options options;
  std::string client;
};

/// Readers share these: nobody changes them any more.
struct pod_table {
  std::vector<pod_view> rows;  ///< newest first
  std::vector<pod_view> by_id; ///< the same
};
using pod_table_ptr = std::shared_ptr<const pod_table>;
struct list_pods {
  std::string ns;
};
struct find_pod {
  std::string ns, id; ///< full id or a prefix that only one has
};

/// Changes a pod's own limits (its cgroup's).
struct update_pod {
  std::string ns, id;
  resource_limits resources;
};

/// Whether pods can have a network, and if not why (CRI, RuntimeStatus, NetworkReady).
struct ask_pod_network {};
struct pod_network_state {
  bool ready = false;
  std::string reason, message; ///< of one that is not; else empty
  std::string config_file;     ///< the list in use
};

/// Which runtimes run pods with users of their own (CRI, RuntimeHandlerFeatures, user_namespaces). Asked of the host
/// and the runtimes once.
struct ask_pod_users {};
struct pod_users {
  std::set<std::string> runtimes; ///< by name
  std::string why_not;            ///< a sentence where the host itself cannot
};

/// From a pod's supervisor, after each change.
struct pod_changed {
  pod_view view;
};
/// From a pod's supervisor: nothing is left of it.
struct pod_gone {
  key name;
};

/// What the records and the monitors know of pods, at the engine's start.
struct recover_pods {
  std::vector<pod_record> pods;
  std::vector<recover_container> containers{}; ///< of these pods
  std::vector<key> held{};                     ///< pods whose namespaces a monitor has
};

/// pods: every pod's supervisor, by id and by metadata, and the table from which lists are answered.
using pods_actor = caf::typed_actor<
    // invalid_argument, unavailable with CNI's own words, exhausted
    replies_to<run_pod>::with<pod_running>, replies_to<stop_pod>::with<done>, replies_to<remove_pod>::with<done>,
    // failed_precondition when the pod is not ready; not_found
    replies_to<create_pod_container>::with<created>, replies_to<list_pods>::with<pod_table_ptr>,
    replies_to<find_pod>::with<pod_view>, replies_to<update_pod>::with<done>,
    replies_to<ask_pod_network>::with<pod_network_state>, replies_to<ask_pod_users>::with<pod_users>,
    reacts_to<pod_changed>, reacts_to<pod_gone>, replies_to<recover_pods>::with<done>, reacts_to<monitor_died>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::run_pod)
GANTRY_MESSAGE(gantry::pod_running)
GANTRY_MESSAGE(gantry::stop_pod)
GANTRY_MESSAGE(gantry::remove_pod)
GANTRY_MESSAGE(gantry::create_pod_container)
GANTRY_MESSAGE(gantry::pod_table_ptr)
GANTRY_MESSAGE(gantry::list_pods)
GANTRY_MESSAGE(gantry::find_pod)
GANTRY_MESSAGE(gantry::pod_view)
GANTRY_MESSAGE(gantry::update_pod)
GANTRY_MESSAGE(gantry::ask_pod_network)
GANTRY_MESSAGE(gantry::pod_network_state)
GANTRY_MESSAGE(gantry::ask_pod_users)
GANTRY_MESSAGE(gantry::pod_users)
GANTRY_MESSAGE(gantry::pod_changed)
GANTRY_MESSAGE(gantry::pod_gone)
GANTRY_MESSAGE(gantry::recover_pods)
