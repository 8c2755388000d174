#pragma once

#include "messages/network.hpp"
#include "messages/pods.hpp"

namespace gantry {

/// Connects a pod's network namespace to the node's default network (CNI ADD). Of the record: name, metadata, ports,
/// network_namespace, monitor.
struct attach_pod {
  pod_view pod;
};
struct pod_attachment {
  std::vector<std::string> addresses; ///< the primary one first
  std::string network, result;        ///< pod_record::cni_network and cni_result
};
/// Idempotent (CNI DEL), also after an attachment of which nothing is known, and when the namespace is gone.
struct detach_pod {
  pod_view pod;
};

/// pod_network: the networks that others configured for this node's pods; a bounded number of plugins at once.
using pod_network_actor = caf::typed_actor<
    // unavailable with CNI's own words; exhausted when there is no address left
    replies_to<attach_pod>::with<pod_attachment>, replies_to<detach_pod>::with<done>,
    replies_to<ask_pod_network>::with<pod_network_state>, replies_to<drain_network>::with<done>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::attach_pod)
GANTRY_MESSAGE(gantry::pod_attachment)
GANTRY_MESSAGE(gantry::detach_pod)
