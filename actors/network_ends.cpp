#include <algorithm>

#include <spdlog/spdlog.h>

#include "actors/network.hpp"

namespace gantry::network_steps {
namespace {

using endpoint_promise = caf::typed_response_promise<network_endpoint>;

tl::unexpected<error> no_such(const std::string& network) {
  return fail(errc::not_found, "network {} not found", network);
}

/// What an end has is free again.
void forget(network_state& state, const key& sandbox, const network_endpoint& end) {
  state.ports.release(port_owner(sandbox, end.network));
  auto* network = find(state, end.network);
  if (network == nullptr) return;
  network->attached.erase(sandbox);
  network::give_back(network->addresses, addresses_of(end));
}

/// Takes the addresses and the ports, all or none.
result<network::attachment> take(network_state& state, network_state::one& network, const attach_network& request) {
  auto end = end_of(request.sandbox, request.end, request.namespace_path);
  GANTRY_LET(end.addresses, network::take_addresses(network.addresses, request.end.asked));
  auto ports = reserve_ports(state, request);
  if (!ports) {
    network::give_back(network.addresses, end.addresses);
    return tl::unexpected<error>(std::move(ports.error()));
  }
  end.ports = std::move(*ports);
  network.attached[request.sandbox] = named(network, request);
  return end;
}

/// An attachment under way.
struct attaching {
  attach_network request;
  network::attachment end;
  endpoint_promise promise;
};
using attaching_ptr = std::shared_ptr<attaching>;

/// Undoes what was done of an end, all that can be; the first failure is reported.
void take_apart(self_pointer self, const network::bridge_network& bridge, const network::attachment& end,
                std::uint32_t monitor, outcome_callback then) {
  withdraw_ports(self, bridge, end, monitor, [self, end, then](const result<void>& withdrawn) {
    disconnect(self, end, [withdrawn, then](const result<void>& r) { then(withdrawn ? r : withdrawn); });
  });
}

void refuse_attach(self_pointer self, const attaching_ptr& work, const error& why) {
  const auto& bridge = self->state.networks.at(work->request.end.network).bridge;
  take_apart(self, bridge, work->end, work->request.monitor, [self, work, why](const result<void>& r) {
    const auto& request = work->request;
    if (!r) spdlog::error("sandbox {}: undoing its attachment: {}", to_string(request.sandbox), r.error().message);
    auto& state = self->state;
    forget(state, request.sandbox, request.end);
    network::give_back(state.networks.at(request.end.network).addresses, work->end.addresses);
    refuse(work->promise, why);
    operation_ended(self, request.end.network);
  });
}

void finish_attach(self_pointer self, const attaching_ptr& work, network_endpoint end) {
  const auto& asked = work->request.end;
  auto& network = self->state.networks.at(asked.network);
  end.asked = asked.asked;
  end.names = asked.names;
  end.interface = asked.interface;
  end.attached = true;
  end.default_route = asked.default_route && !network.bridge.internal;
  network.attached[work->request.sandbox].addresses = work->end.addresses;
  publish(self, asked.network, [self, work, end](const result<void>& r) {
    if (!r) return refuse_attach(self, work, r.error());
    work->promise.deliver(end);
    operation_ended(self, end.network);
  });
}

void add(self_pointer self, const attaching_ptr& work) {
  const auto& bridge = self->state.networks.at(work->request.end.network).bridge;
  connect_link request{network::veth_of(bridge, work->end)};
  ask<connected_link>(self, self->state.parts.links, deadline::inner, request,
                      [self, work](const result<connected_link>& connected) {
                        if (!connected) return refuse_attach(self, work, connected.error());
                        const auto& on = self->state.networks.at(work->request.end.network).bridge;
                        auto end = network::endpoint_of(on, work->end, connected->mac);
                        publish_ports(self, on, work->end, work->request.monitor, [self, work, end](const auto& r) {
                          if (!r) return refuse_attach(self, work, r.error());
                          finish_attach(self, work, end);
                        });
                      });
}

/// A container that has ended answers its stop before its end is taken off the network: who then asks for the same port
/// waits for that.
bool is_leaving(const network_state& state, const attach_network& request) {
  auto wanted = [&](const port_binding& leaving) {
    return std::any_of(request.ports.begin(), request.ports.end(), [&](const port_binding& port) {
      const auto last = std::max(port.host_port, port.host_port_last);
      return port.protocol == leaving.protocol && port.host_port <= leaving.host_port && leaving.host_port <= last;
    });
  };
  return std::any_of(state.leaving_ports.begin(), state.leaving_ports.end(), wanted);
}

void has_left(self_pointer self, const std::vector<port_binding>& ports) {
  auto& state = self->state;
  for (const auto& port : ports)
    if (auto found = std::find(state.leaving_ports.begin(), state.leaving_ports.end(), port);
        found != state.leaving_ports.end())
      state.leaving_ports.erase(found);
  for (auto& next : std::exchange(state.when_left, {})) next();
}

void attach_now(self_pointer self, const attach_network& request, endpoint_promise promise) {
  auto* network = find(self->state, request.end.network);
  auto end = network != nullptr ? take(self->state, *network, request) : no_such(request.end.network);
  if (!end && end.error().code == errc::already_exists && is_leaving(self->state, request)) {
    self->state.when_left.emplace_back([self, request, promise] {
      in_turn(self, request.end.network, [self, request, promise] { attach_now(self, request, promise); });
    });
    return operation_ended(self, request.end.network);
  }
  if (!end) {
    refuse(promise, end.error());
    return operation_ended(self, request.end.network);
  }
  auto work = std::make_shared<attaching>(attaching{request, std::move(*end), promise});
  when_prepared(self, request.end.network, [self, work](const result<void>& r) {
    if (!r) return refuse_attach(self, work, r.error());
    add(self, work);
  });
}

void detach_now(self_pointer self, const detach_network& request, caf::typed_response_promise<done> promise) {
  const auto& id = request.endpoint.network;
  auto* network = find(self->state, id);
  if (network == nullptr) { // gone, and with it all that was on it
    promise.deliver(done{});
    has_left(self, request.endpoint.ports);
    return operation_ended(self, id);
  }
  auto end = end_of(request.sandbox, request.endpoint, request.namespace_path);
  end.ports = request.endpoint.ports;
  end.addresses = addresses_of(request.endpoint);
  // Rules may be there from before a crash: they go with the last sandbox as ever.
  network->touched = true;
  take_apart(self, network->bridge, end, request.monitor, [self, request, promise](const result<void>& r) mutable {
    const auto& network_id = request.endpoint.network;
    if (!r) {
      refuse(promise, r.error());
      has_left(self, request.endpoint.ports);
      return operation_ended(self, network_id);
    }
    forget(self->state, request.sandbox, request.endpoint);
    has_left(self, request.endpoint.ports);
    publish(self, network_id, [self, promise, network_id](const result<void>& told) mutable {
      if (!told) spdlog::error("network {}: its names: {}", network_id, told.error().message);
      promise.deliver(done{});
      operation_ended(self, network_id);
    });
  });
}

} // namespace

network_state::one* find(network_state& state, const std::string& id) {
  auto found = state.networks.find(id);
  return found == state.networks.end() || found->second.leaving ? nullptr : &found->second;
}

caf::result<network_endpoint> attach(self_pointer self, const attach_network& request) {
  if (find(self->state, request.end.network) == nullptr) return to_caf(no_such(request.end.network).value());
  auto promise = self->make_response_promise<network_endpoint>();
  in_turn(self, request.end.network, [self, request, promise] { attach_now(self, request, promise); });
  return promise;
}

caf::result<done> detach(self_pointer self, const detach_network& request) {
  auto promise = self->make_response_promise<done>();
  const auto& ports = request.endpoint.ports;
  self->state.leaving_ports.insert(self->state.leaving_ports.end(), ports.begin(), ports.end());
  in_turn(self, request.endpoint.network, [self, request, promise] { detach_now(self, request, promise); });
  return promise;
}

void publish(self_pointer self, const std::string& network, outcome_callback then) {
  auto& state = self->state;
  auto* one = find(state, network);
  if (one == nullptr || !one->definition) return then({});
  publish_names request{network, one->bridge.subnets.front().gateway, {}};
  for (const auto& [sandbox, entry] : one->attached)
    if (!entry.addresses.empty()) request.known.push_back(entry);
  ask<done>(self, state.parts.names, deadline::network, std::move(request),
            [then](const result<done>& r) { then(r ? result<void>() : tl::unexpected<error>(r.error())); });
}

void rename(self_pointer self, const rename_endpoint& fact) {
  auto* network = find(self->state, fact.endpoint.network);
  if (network == nullptr || !network->attached.contains(fact.sandbox)) return;
  network->attached[fact.sandbox].names = fact.endpoint.names;
  publish(self, fact.endpoint.network, [](const result<void>& r) {
    if (!r) spdlog::error("names: {}", r.error().message);
  });
}

} // namespace gantry::network_steps
