#pragma once

#include "messages/caf.hpp"
#include "messages/domain/container.hpp"

namespace gantry {

/// Connects a network namespace to a network (CNI ADD).
struct attach_network {
  key sandbox;
  std::string network; ///< "bridge"
  std::string namespace_path;
  std::vector<port_binding> ports; ///< host_port 0: any free one
  std::string mac_address;
  std::uint32_t monitor = 0;
};
/// Idempotent (CNI DEL); the namespace may be gone.
struct detach_network {
  key sandbox;
  network_endpoint endpoint;
  std::string namespace_path;
  std::uint32_t monitor = 0;
};
/// At the engine's start: a sandbox found again has this.
struct recover_endpoint {
  key sandbox;
  network_endpoint endpoint;
};

/// Answers when no plugin runs and none waits to.
struct drain_network {};

/// network: addresses and published ports; a bounded number of plugins at once.
using network_actor = caf::typed_actor<
    // already_exists for a port that is taken; unavailable with the plugin's own words
    replies_to<attach_network>::with<network_endpoint>, replies_to<detach_network>::with<done>,
    reacts_to<recover_endpoint>, replies_to<drain_network>::with<done>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::attach_network)
GANTRY_MESSAGE(gantry::detach_network)
GANTRY_MESSAGE(gantry::network_endpoint)
GANTRY_MESSAGE(gantry::recover_endpoint)
GANTRY_MESSAGE(gantry::drain_network)
