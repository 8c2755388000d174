#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/network/bridge.hpp"
#include "runtime/network/subnet.hpp"

/// What a bridge network needs of the host itself, once, and how it is taken away again.
namespace gantry::network {

/// Something that the host is to have: `apply` runs unless `probe` ends with 0. With an empty probe.argv it always
/// runs.
struct host_step {
  monitor::run_process probe, apply;
};

/// Packet rules of each of the network's families, by the host's own iptables and ip6tables (nft or legacy): what
/// leaves the bridge for elsewhere is masqueraded, and forwarding to and from the bridge is accepted where the policy
/// would drop it (a host with docker, ufw): everything from the bridge, and to it what was asked for or published.
/// Idempotent.
std::vector<host_step> prepare_host(const bridge_network& network);

/// Turns on IPv4 forwarding (/proc/sys/net/ipv4/ip_forward), and IPv6's for a network that has that, as docker does:
/// without it no packet leaves the bridge. It stays on. Blocks on procfs alone. Errors: denied; failed_precondition as
/// require_ipv6.
result<void> enable_forwarding(const bridge_network& network);

/// Errors: failed_precondition when this host has no IPv6, or all of it is switched off, saying where. Blocks on procfs
/// alone.
result<void> require_ipv6();

/// Has what leaves a network namespace go through this end, of each family that it has, whatever it went through
/// before.
monitor::run_process set_default_route(const std::string& namespace_path, const network_endpoint& end);

/// The rules in the table nat: what `iptables -t nat -S` and `ip6tables -t nat -S` print.
struct nat_rules {
  std::string v4, v6; ///< v6: empty where no network has IPv6
};
/// The program whose output that is.
monitor::run_process list_nat_rules(ip_family of);

/// What to run, in order, when the network's last user has gone: the links and our rules are removed, and portmap's
/// shared chains (CNI-HOSTPORT-*) too if no other CNI user has a rule in them. Each may fail with "does not exist",
/// which is success.
std::vector<monitor::run_process> clean_host(const bridge_network& network, const nat_rules& there_are);

/// The ids (CNI_CONTAINERID) that have published ports on the network.
std::vector<std::string> find_published(const bridge_network& network, const nat_rules& there_are);

/// What is left of the network on the host: nothing after removal.
struct leftovers {
  bool link = false;              ///< the bridge exists
  std::vector<std::string> ports; ///< links still on it (veths)
  std::vector<std::string> rules; ///< those in nat that name the network or one of its subnets
  [[nodiscard]] bool none() const { return !link && ports.empty() && rules.empty(); }
};
leftovers find_leftovers(const bridge_network& network, const nat_rules& there_are);

} // namespace gantry::network
