#pragma once

#include "messages/caf.hpp"
#include "messages/domain/link.hpp"

namespace gantry {

/// Idempotent: the bridge is there, up, and has its address.
struct make_bridge {
  bridge_link bridge;
};
struct connect_link {
  veth end;
};
struct connected_link {
  std::string mac;
};
/// Idempotent; the namespace may be gone.
struct disconnect_link {
  std::string namespace_path, interface;
};

/// links: the kernel's bridges and the sandboxes' ends of them, on a thread of its own, since each change waits for the
/// kernel's one lock on all links.
using links_actor =
    caf::typed_actor<replies_to<make_bridge>::with<done>,
                     // not_found: the bridge or the namespace; already_exists: the interface. Nothing is left of one
                     // that failed
                     replies_to<connect_link>::with<connected_link>, replies_to<disconnect_link>::with<done>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::make_bridge)
GANTRY_MESSAGE(gantry::connect_link)
GANTRY_MESSAGE(gantry::connected_link)
GANTRY_MESSAGE(gantry::disconnect_link)
