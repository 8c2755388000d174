#include <unistd.h>

#include <set>

#include <spdlog/spdlog.h>

#include "actors/network.hpp"

namespace gantry::network_steps {
namespace {

/// Whom nobody answers: from an internal network no question gets out.
constexpr auto nobody = "255.255.255.255";

/// Published ports whose sandbox has no record any more: the crash came between the two. Its link goes with its
/// namespace.
void withdraw_stranger(self_pointer self, const std::string& network, const std::string& id) {
  const auto dash = id.rfind('-'); // as end_of made it
  for (const auto& launcher : self->state.parts.launchers)
    if (dash != std::string::npos)
      tell(launcher, monitor::drop_network_namespace{{id.substr(0, dash), id.substr(dash + 1)}});
  in_turn(self, network, [self, network, id] {
    const auto& bridge = self->state.networks.at(network).bridge;
    network::attachment end;
    end.id = id;
    end.ports = {{1, "tcp", {}, 1}}; // which they were, nobody knows: portmap finds its chains by the id
    withdraw_ports(self, bridge, end, 0, [self, network, id](const result<void>& r) {
      if (!r) spdlog::error("network {}: what a crash left of {}: {}", network, id, r.error().message);
      operation_ended(self, network);
    });
  });
}

void withdraw_strangers(self_pointer self, const network::nat_rules& there_are) {
  auto& networks = self->state.networks;
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& [id, network] : networks) {
    std::set<std::string> known;
    for (const auto& [sandbox, entry] : network.attached) known.insert(end_of(sandbox, {}, {}).id);
    for (const auto& stranger : network::find_published(network.bridge, there_are))
      if (!known.contains(stranger)) found.emplace_back(id, stranger);
  }
  for (const auto& [network, stranger] : found) withdraw_stranger(self, network, stranger);
  clean_idle(self);
}

} // namespace

named_endpoint named(const network_state::one& network, const attach_network& request) {
  named_endpoint entry{request.sandbox.id, {}, request.end.names, request.dns};
  if (network.bridge.internal) entry.servers = {nobody};
  return entry;
}

void recover(self_pointer self, const recover_endpoint& found) {
  auto& state = self->state;
  auto* network = find(state, found.endpoint.network);
  if (network == nullptr)
    return spdlog::error("sandbox {} is on network {}, of which there is no record", to_string(found.sandbox),
                         found.endpoint.network);
  attach_network as_asked{found.sandbox, found.endpoint, {}, {}, found.dns, 0};
  auto& entry = network->attached[found.sandbox] = named(*network, as_asked);
  entry.addresses = addresses_of(found.endpoint);
  for (auto& pool : network->addresses)
    for (const auto& address : entry.addresses) pool.restore(address);
  state.ports.restore(port_owner(found.sandbox, found.endpoint.network), found.endpoint.ports);
  network->touched = true; // whether all rules are there is seen at the next attachment
}

void recovered(self_pointer self) {
  bool any_link = false, ipv6 = false;
  for (auto& [id, network] : self->state.networks) {
    // The link is made last and removed last: where it is, more may be.
    if (::access(("/sys/class/net/" + network.bridge.bridge).c_str(), F_OK) == 0) any_link = network.touched = true;
    ipv6 = ipv6 || network.bridge.has_ipv6();
    if (network.attached.empty() || !network.definition) continue;
    publish(self, id, [id = id](const result<void>& r) {
      if (!r) spdlog::error("network {}: its names: {}", id, r.error().message);
    });
  }
  tell(self->state.parts.names, names_recovered{});
  if (!any_link) return withdraw_strangers(self, {}); // rules without a link there are none
  list_rules(self, ipv6, [self](const result<network::nat_rules>& r) {
    if (!r) spdlog::error("networks: what a crash left of published ports: {}", r.error().message);
    withdraw_strangers(self, r.value_or(network::nat_rules{}));
  });
}

} // namespace gantry::network_steps
