#pragma once

#include "messages/caf.hpp"
#include "messages/domain/network.hpp"

namespace gantry {

struct create_network {
  network_definition network; ///< with its id, and what its user left open (domain/network.hpp)
};
struct network_info {
  network_definition network;
  std::size_t users = 0; ///< sandboxes that have an end of it now
};
/// By name, id, or the beginning of an id. "bridge" is the engine's own, whose id is that word.
struct find_network {
  std::string ns, name;
};
struct list_networks {
  std::string ns;
};
struct network_list {
  std::vector<network_info> networks; ///< the user-defined ones
};
struct remove_network {
  key network;
};

/// Connects a network namespace to a network (CNI ADD).
struct attach_network {
  key sandbox;
  network_endpoint end; ///< not attached yet: what is asked, its interface, names and default_route
  std::string namespace_path;
  std::vector<port_binding> ports; ///< to be published; host_port 0: any free one
  std::vector<std::string> dns;    ///< servers that its user names, for what the network itself does not know
  std::uint32_t monitor = 0;
};
/// Idempotent (CNI DEL); the namespace may be gone.
struct detach_network {
  key sandbox;
  network_endpoint endpoint;
  std::string namespace_path;
  std::uint32_t monitor = 0;
};
/// Another end of the sandbox's has gone: this one is its way out now, and its ports are published here.
struct move_default_route {
  attach_network to; ///< attached already
};
/// What a sandbox on a network is found by has changed.
struct rename_endpoint {
  key sandbox;
  network_endpoint endpoint;
};
/// At the engine's start: a sandbox found again has this.
struct recover_endpoint {
  key sandbox;
  network_endpoint endpoint;
  std::vector<std::string> dns; ///< as attach_network's
};
/// All of them are told: what is left of other networks can go.
struct endpoints_recovered {};

/// The rules of a network that nobody has been on for a while go (the network's own reminder).
struct tidy_networks {};

/// From now on the rules of a network go with its last sandbox. Answers when no plugin runs and none waits to.
struct drain_network {};

/// network: networks, addresses and published ports; a bounded number of plugins at once.
using network_actor = caf::typed_actor<
    // already_exists for a name; invalid_argument for addresses that cannot be; exhausted without a free subnet
    replies_to<create_network>::with<network_info>,
    // not_found; invalid_argument when the beginning of an id fits several
    replies_to<find_network>::with<network_info>, replies_to<list_networks>::with<network_list>,
    // failed_precondition while sandboxes have ends of it; denied for the engine's own
    replies_to<remove_network>::with<done>,
    // already_exists for a port or an address that is taken; unavailable with the plugin's own words
    replies_to<attach_network>::with<network_endpoint>, replies_to<detach_network>::with<done>,
    replies_to<move_default_route>::with<network_endpoint>, reacts_to<rename_endpoint>, reacts_to<recover_endpoint>,
    reacts_to<endpoints_recovered>, reacts_to<tidy_networks>, replies_to<drain_network>::with<done>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::create_network)
GANTRY_MESSAGE(gantry::network_info)
GANTRY_MESSAGE(gantry::find_network)
GANTRY_MESSAGE(gantry::list_networks)
GANTRY_MESSAGE(gantry::network_list)
GANTRY_MESSAGE(gantry::remove_network)
GANTRY_MESSAGE(gantry::attach_network)
GANTRY_MESSAGE(gantry::detach_network)
GANTRY_MESSAGE(gantry::network_endpoint)
GANTRY_MESSAGE(gantry::move_default_route)
GANTRY_MESSAGE(gantry::rename_endpoint)
GANTRY_MESSAGE(gantry::recover_endpoint)
GANTRY_MESSAGE(gantry::endpoints_recovered)
GANTRY_MESSAGE(gantry::tidy_networks)
GANTRY_MESSAGE(gantry::drain_network)
