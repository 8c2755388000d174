#pragma once

#include "api/docker/render/json.hpp"
#include "messages/catalog.hpp"
#include "messages/network.hpp"

/// A network in Docker's JSON. Pure.
namespace gantry::docker {

/// Without its containers. The engine's own bridge is of this kind, too.
json network(const network_definition& of);
/// "host" or "none", on which nothing is ever attached.
json network_without_bridge(std::string_view name);
/// The containers that are on a network now, by id: `network` is "bridge", "host", "none" or an id.
json network_members(const container_table& table, std::string_view network);

} // namespace gantry::docker
