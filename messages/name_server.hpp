#pragma once

#include "messages/caf.hpp"
#include "messages/domain/named_endpoint.hpp"

namespace gantry {

/// All that a network's containers are found by, in place of what was; nobody: the network has no names any more.
struct publish_names {
  std::string network, address; ///< address: where the network's containers ask
  std::vector<named_endpoint> known;
};
/// At the engine's start, once what runs has been published: what an earlier engine left of other networks goes.
struct names_recovered {};
/// What it tells itself while there are names: a program that has died is started again.
struct look_after_names {};

/// name_server: who is called what on user-defined networks, and the program that answers their containers.
using name_server_actor = caf::typed_actor<
    // Answers when the program has been told. unavailable when it does not run
    replies_to<publish_names>::with<done>, reacts_to<names_recovered>, reacts_to<look_after_names>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::publish_names)
GANTRY_MESSAGE(gantry::names_recovered)
GANTRY_MESSAGE(gantry::look_after_names)
