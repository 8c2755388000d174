#pragma once

#include "messages/domain/network.hpp"
#include "runtime/network/bridge.hpp"
#include "runtime/network/subnet.hpp"

/// Networks that users make. Pure.
namespace gantry::network {

/// Fills in what its user left open, so that no subnet of `taken` is touched, and checks the rest. Subnets of IPv6 that
/// nobody names are of `unique_local`.
/// Errors: invalid_argument; denied "Pool overlaps …", and for several subnets of one family; exhausted when no default
/// subnet is free.
result<network_definition> complete(network_definition asked, const std::vector<subnet>& taken,
                                    const subnet& unique_local);

/// As the plugins and the host's rules see it; `beside` is the engine's own bridge.
bridge_network bridge_of(const network_definition& of, const bridge_network& beside);

/// The engine's own bridge, as a user sees it.
network_definition definition_of(const bridge_network& own, const std::string& ns);

/// A name is whatever its user likes, as with dockerd, but not blank; here also at most 255 bytes, none of them a
/// control character. The host knows a network by its id and its bridge, and never by this. Errors: invalid_argument.
result<void> check_network_name(std::string_view name);

} // namespace gantry::network
