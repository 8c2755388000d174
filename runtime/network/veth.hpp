#pragma once

#include <string>

#include "messages/domain/error.hpp"
#include "messages/domain/link.hpp"

/// Bridges and a sandbox's ends of them, by rtnetlink(7). Each call waits for the kernel's lock on all links (RTNL):
/// never on an actor's thread.
namespace gantry::network {

/// The bridge, up and with its addresses; without one of IPv6 it has no IPv6 at all. Idempotent, also where it was half
/// made; its MAC address stays the same whatever ports come and go. Errors: the kernel's own, with what was being done.
result<void> make_bridge(const bridge_link& bridge);

/// Removes a bridge or any link. Absent is success.
result<void> remove_link(const std::string& name);

/// Makes the end, up, with its addresses and routes; `lo` is up then too. Gives its MAC address. Whole or not at all:
/// both ends are links of one pair, and go with the namespace if nothing else removes them. Errors: not_found (the
/// bridge, the namespace), already_exists (the interface), invalid_argument, the kernel's.
result<std::string> connect_veth(const veth& end);

/// Removes it. Absent is success, also when the namespace has gone.
result<void> disconnect_veth(const std::string& namespace_path, const std::string& interface);

/// The MAC address of who has this address: 02:42 and its last four bytes. An address that is given to another
/// container so keeps what its neighbours know of it. Errors: invalid_argument.
result<std::string> mac_of(const std::string& address);

} // namespace gantry::network
