#include "actors/network.hpp"

namespace gantry::network_steps {
namespace {

using endpoint_promise = caf::typed_response_promise<network_endpoint>;

struct moving {
  attach_network to;
  endpoint_promise promise;
};
using moving_ptr = std::shared_ptr<moving>;

void finish(self_pointer self, const moving_ptr& work, const result<void>& r) {
  const auto& to = work->to;
  if (r) {
    work->promise.deliver(to.end);
  } else {
    self->state.ports.release(port_owner(to.sandbox, to.end.network));
    refuse(work->promise, r.error());
  }
  operation_ended(self, to.end.network);
}

void publish_here(self_pointer self, const moving_ptr& work) {
  auto& end = work->to.end;
  end.default_route = true;
  auto attachment = end_of(work->to.sandbox, end, work->to.namespace_path);
  attachment.ports = end.ports;
  attachment.addresses = addresses_of(end);
  const auto& bridge = self->state.networks.at(end.network).bridge;
  publish_ports(self, bridge, attachment, work->to.monitor,
                [self, work](const result<void>& r) { finish(self, work, r); });
}

/// Which of the host's addresses a port is published at: those of the families that the network has.
result<void> settle_host_address(const network_state::one& network, port_binding& port) {
  if (port.host_ip.empty() && network.definition) port.host_ip = network.definition->host_address;
  if (const auto at = network::parse_ip(port.host_ip)) port.host_ip = to_string(*at); // so that it is compared
  if (network.bridge.has_ipv6()) return {};
  if (port.host_ip.empty() || port.host_ip == "::") port.host_ip = "0.0.0.0";
  if (network::family_of(port.host_ip) == network::ip_family::v4) return {};
  return fail(errc::invalid_argument, "port {} cannot be published at {}: the container's network has no IPv6",
              port.container_port, port.host_ip);
}

void move_now(self_pointer self, const moving_ptr& work) {
  auto& to = work->to;
  const auto* network = find(self->state, to.end.network);
  if (network == nullptr || network->bridge.internal) { // no way out: the end stays as it is
    to.end.default_route = false;
    return finish(self, work, {});
  }
  auto ports = reserve_ports(self->state, to);
  if (!ports) return finish(self, work, tl::unexpected<error>(ports.error()));
  to.end.ports = std::move(*ports);
  auto request = network::set_default_route(to.namespace_path, to.end);
  run_program(self, to.monitor, std::move(request), [self, work](const result<void>& r) {
    if (!r) return finish(self, work, r);
    publish_here(self, work);
  });
}

} // namespace

caf::result<network_endpoint> move_route(self_pointer self, const move_default_route& request) {
  auto work = std::make_shared<moving>(moving{request.to, self->make_response_promise<network_endpoint>()});
  in_turn(self, request.to.end.network, [self, work] { move_now(self, work); });
  return work->promise;
}

network::attachment end_of(const key& sandbox, const network_endpoint& end, const std::string& namespace_path) {
  network::attachment made;
  made.id = sandbox.ns + "-" + sandbox.id;
  made.namespace_path = namespace_path;
  made.interface = end.interface;
  made.mac = end.asked.mac;
  made.link_local = end.asked.link_local;
  made.sysctls = end.asked.sysctls;
  made.default_route = end.default_route;
  return made;
}

std::vector<std::string> addresses_of(const network_endpoint& end) {
  std::vector<std::string> addresses;
  for (const auto& ip : {end.ip, end.ip6.ip})
    if (!ip.empty()) addresses.push_back(ip);
  return addresses;
}

key port_owner(const key& sandbox, const std::string& network) { return {sandbox.ns, sandbox.id + "/" + network}; }

result<std::vector<port_binding>> reserve_ports(network_state& state, const attach_network& request) {
  const auto* network = find(state, request.end.network);
  if (network == nullptr || network->bridge.internal || !request.end.default_route) return std::vector<port_binding>();
  auto ports = request.ports;
  for (auto& port : ports) GANTRY_TRY(settle_host_address(*network, port));
  return state.ports.reserve(port_owner(request.sandbox, request.end.network), ports);
}

} // namespace gantry::network_steps
