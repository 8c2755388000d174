#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/container.hpp"
#include "messages/domain/link.hpp"
#include "runtime/monitor/protocol/messages.hpp"

/// Bridge networks: what they are, and what a sandbox has of them.
namespace gantry::network {

struct bridge_subnet {
  std::string subnet;
  std::string gateway; ///< the bridge's own address
};

/// One bridge on the host, with subnets of its own. Copy it freely.
struct bridge_network {
  std::string name = "bridge";     ///< as the user knows it
  std::string cni_name = "gantry"; ///< in CNI's documents, lease folders and iptables comments; one an engine
  std::string bridge = "gantry0";  ///< the link, at most 15 characters
  std::vector<bridge_subnet> subnets = {{"172.29.0.0/16", "172.29.0.1"}}; ///< IPv4's, then IPv6's if it has that
  int mtu = 0;                                                            ///< 0: the kernel's 1500
  std::string plugin_dir = "/usr/lib/cni";                                ///< where portmap is
  bool internal = false;                                                  ///< nothing leaves it or comes in
  bool masquerade = true;                                                 ///< what leaves has the host's address
  std::string apart_from{}; ///< another bridge, whose containers do not reach this one's, nor these those

  [[nodiscard]] bool has_ipv6() const { return subnets.size() > 1; }
};

/// The engine's own. Errors: invalid_argument for a subnet that is not IPv4, a gateway outside of it, a name that no
/// link has.
result<void> check(const bridge_network& network);

/// IFNAMSIZ is 16; the kernel refuses the rest (dev_valid_name in net/core/dev.c). Not "all" and "default" either: in
/// /proc/sys/net these stand for all links.
bool is_link_name(std::string_view name);

/// A sandbox's end of the network.
struct attachment {
  std::string id;             ///< CNI_CONTAINERID: the sandbox's id
  std::string namespace_path; ///< empty for a removal after the namespace has gone
  std::string interface = "eth0";
  std::vector<port_binding> ports;       ///< host ports resolved (port_table)
  std::string mac;                       ///< empty: from the address
  std::vector<std::string> addresses;    ///< one of each of the network's subnets, in their order, without prefix
  bool default_route = true;             ///< it is the sandbox's way out
  std::vector<std::string> link_local{}; ///< further addresses, of 169.254.0.0/16 or fe80::/10, eight at most
  std::vector<link_sysctl> sysctls{};
};

/// What the kernel is to have of the network, and of an end.
bridge_link link_of(const bridge_network& network);
veth veth_of(const bridge_network& network, const attachment& end);

/// An end that is there, with this MAC address.
network_endpoint endpoint_of(const bridge_network& network, const attachment& end, std::string mac);

/// Publishes the end's ports, or undoes that, by the plugin portmap (CNI SPEC.md 1.0.0). Nothing here runs anything:
/// the requests go to a monitor's zygote, the engine never forks. Withdrawing is idempotent, finds the ports by the
/// end's id, and needs neither the namespace nor the addresses.
monitor::run_process publish_ports(const bridge_network& network, const attachment& end);
monitor::run_process withdraw_ports(const bridge_network& network, const attachment& end);

} // namespace gantry::network
