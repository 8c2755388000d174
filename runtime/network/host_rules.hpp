#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/network/bridge.hpp"

/// What a bridge network needs of the host itself, once, and how it is taken away again.
namespace gantry::network {

/// Something that the host is to have: `apply` runs unless `probe` ends with 0. With an empty probe.argv it always
/// runs.
struct host_step {
  monitor::run_process probe, apply;
};

/// iptables rules, by the host's own iptables (nft or legacy): what leaves the bridge for elsewhere is masqueraded, and
/// forwarding to and from the bridge is accepted where the policy would drop it (a host with docker, ufw):
/// everything from the bridge, and to it what was asked for or published. Idempotent.
std::vector<host_step> prepare_host(const bridge_network& network);

/// Turns on IPv4 forwarding (/proc/sys/net/ipv4/ip_forward), as docker does: without it no packet leaves the bridge. It
/// stays on. Blocks on procfs alone. Errors: denied.
result<void> enable_forwarding();

/// Has what leaves a network namespace go through this interface, whatever it went through before.
monitor::run_process set_default_route(const std::string& namespace_path, const std::string& gateway,
                                       const std::string& interface);

/// The program whose output `clean_host` reads.
monitor::run_process list_nat_rules();

/// What to run, in order, when the network's last user has gone: the links and our rules are removed, and portmap's
/// shared chains (CNI-HOSTPORT-*) too if no other CNI user has a rule in them. `nat_rules`: `iptables -t nat -S`. Each
/// may fail with "does not exist", which is success.
std::vector<monitor::run_process> clean_host(const bridge_network& network, std::string_view nat_rules);

/// The ids (CNI_CONTAINERID) that have published ports on the network.
std::vector<std::string> find_published(const bridge_network& network, std::string_view nat_rules);

/// What is left of the network on the host: nothing after removal.
struct leftovers {
  bool link = false;              ///< the bridge exists
  std::vector<std::string> ports; ///< links still on it (veths)
  std::vector<std::string> rules; ///< of `nat_rules`, those that name the network or its subnet
  [[nodiscard]] bool none() const { return !link && ports.empty() && rules.empty(); }
};
leftovers find_leftovers(const bridge_network& network, std::string_view nat_rules);

} // namespace gantry::network
