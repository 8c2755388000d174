#pragma once

#include "messages/caf.hpp"

namespace gantry {

/// One that can be found by name on a network.
struct named_endpoint {
  std::string id, ip;
  std::vector<std::string> names;
  std::vector<std::string> servers; ///< who is asked for what the network does not know; empty: the host's
};
/// All that a network's containers are found by, in place of what was; nobody: the network has no names any more.
struct publish_names {
  std::string network, address; ///< address: where the network's containers ask
  std::vector<named_endpoint> known;
};
/// At the engine's start, once what runs has been published: what an earlier engine left of other networks goes.
struct names_recovered {};

/// name_server: who is called what on user-defined networks, and the program that answers their containers.
using name_server_actor = caf::typed_actor<
    // Answers when the program has been told. unavailable when it does not run
    replies_to<publish_names>::with<done>, reacts_to<names_recovered>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::publish_names)
GANTRY_MESSAGE(gantry::names_recovered)
