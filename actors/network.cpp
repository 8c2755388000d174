#include "actors/network.hpp"

#include <spdlog/spdlog.h>

namespace gantry {
namespace {

using network_steps::self_pointer;
using endpoint_promise = caf::typed_response_promise<network_endpoint>;

// -- turns ------------------------------------------------------------------------------------------------------------

void start_waiting(self_pointer self) {
  auto& state = self->state;
  while (!state.changing && state.running < max_network_operations && !state.waiting.empty()) {
    auto next = std::move(state.waiting.front());
    state.waiting.pop_front();
    ++state.running;
    next();
  }
}

void answer_draining(network_state& state) {
  if (state.running != 0 || state.changing || !state.waiting.empty()) return;
  for (auto& promise : std::exchange(state.draining, {})) promise.deliver(done{});
}

/// An operation has ended. With the last sandbox go the host's rules, before anybody else starts.
void operation_ended(self_pointer self) {
  auto& state = self->state;
  --state.running;
  if (state.touched && state.attached.empty() && state.running == 0 && state.waiting.empty()) {
    state.changing = true;
    return network_steps::clean(self, [self] {
      self->state.changing = self->state.prepared = self->state.touched = false;
      start_waiting(self);
      answer_draining(self->state);
    });
  }
  start_waiting(self);
  answer_draining(self->state);
}

void in_turn(self_pointer self, std::function<void()> operation) {
  self->state.waiting.push_back(std::move(operation));
  start_waiting(self);
}

/// Runs `operation` when the host's rules are there.
void when_prepared(self_pointer self, std::function<void(result<void>)> operation) {
  auto& state = self->state;
  if (state.prepared) return operation({});
  if (state.changing) { // somebody is at it: take a place at the front again afterwards
    --state.running;
    state.waiting.push_front([self, operation] { when_prepared(self, operation); });
    return;
  }
  state.changing = state.touched = true;
  network_steps::prepare(self, [self, operation](const result<void>& r) {
    self->state.changing = false;
    self->state.prepared = r.has_value();
    operation(r);
    start_waiting(self);
  });
}

// -- attach -----------------------------------------------------------------------------------------------------------

network::attachment end_of(const key& sandbox, const std::string& namespace_path, std::vector<port_binding> ports,
                           const std::string& mac) {
  network::attachment end;
  end.id = sandbox.ns + "-" + sandbox.id;
  end.namespace_path = namespace_path;
  end.ports = std::move(ports);
  end.mac = mac;
  return end;
}

void undo_attach(self_pointer self, const attach_network& request, const network::attachment& end,
                 std::function<void()> then) {
  auto undo = std::make_shared<network::cni_sequence>(self->state.bridge, end, network::verb::del);
  network_steps::run_sequence(
      self, undo, request.monitor, [self, sandbox = request.sandbox, then](const result<void>& r) {
        if (!r) spdlog::error("sandbox {}: undoing its attachment: {}", to_string(sandbox), r.error().message);
        self->state.ports.release(sandbox);
        self->state.attached.erase(sandbox);
        then();
      });
}

void refuse_attach(self_pointer self, const attach_network& request, const network::attachment& end,
                   endpoint_promise promise, const error& why) {
  undo_attach(self, request, end, [self, promise, why]() mutable {
    refuse(promise, why);
    operation_ended(self);
  });
}

void add(self_pointer self, const attach_network& request, const network::attachment& end, endpoint_promise promise) {
  auto sequence = std::make_shared<network::cni_sequence>(self->state.bridge, end, network::verb::add);
  network_steps::run_sequence(self, sequence, request.monitor,
                              [self, sequence, request, end, promise](const result<void>& r) mutable {
                                if (!r) return refuse_attach(self, request, end, promise, r.error());
                                auto endpoint = network::endpoint_of(sequence->added(), self->state.bridge, end);
                                if (!endpoint) return refuse_attach(self, request, end, promise, endpoint.error());
                                endpoint->asked = request.end.asked;
                                endpoint->attached = true;
                                endpoint->default_route = request.end.default_route;
                                promise.deliver(std::move(*endpoint));
                                operation_ended(self);
                              });
}

void attach_now(self_pointer self, const attach_network& request, endpoint_promise promise) {
  auto& state = self->state;
  auto ports = state.ports.reserve(request.sandbox, request.ports);
  if (!ports) {
    refuse(promise, ports.error());
    return operation_ended(self);
  }
  state.attached.insert(request.sandbox);
  auto end = end_of(request.sandbox, request.namespace_path, std::move(*ports), request.end.asked.mac);
  when_prepared(self, [self, request, end, promise](const result<void>& r) mutable {
    if (!r) return refuse_attach(self, request, end, promise, r.error());
    add(self, request, end, promise);
  });
}

// -- detach -----------------------------------------------------------------------------------------------------------

void detach_now(self_pointer self, const detach_network& request, caf::typed_response_promise<done> promise) {
  auto end = end_of(request.sandbox, request.namespace_path, request.endpoint.ports, {});
  auto sequence = std::make_shared<network::cni_sequence>(self->state.bridge, end, network::verb::del);
  // Rules may be there from before a crash: they go with the last sandbox as ever.
  self->state.touched = true;
  network_steps::run_sequence(self, sequence, request.monitor,
                              [self, sandbox = request.sandbox, promise](const result<void>& r) mutable {
                                if (r) {
                                  self->state.ports.release(sandbox);
                                  self->state.attached.erase(sandbox);
                                  promise.deliver(done{});
                                } else {
                                  refuse(promise, r.error());
                                }
                                operation_ended(self);
                              });
}

} // namespace

network_actor::behavior_type network_supervisor(self_pointer self, network::bridge_network bridge,
                                                std::vector<launcher_actor> launchers) {
  self->state.bridge = std::move(bridge);
  self->state.launchers = std::move(launchers);
  return {
      [self](const attach_network& request) -> caf::result<network_endpoint> {
        if (request.end.network != self->state.bridge.name)
          return to_caf(error{errc::not_found, "network " + request.end.network + " not found", 0});
        auto promise = self->make_response_promise<network_endpoint>();
        in_turn(self, [self, request, promise] { attach_now(self, request, promise); });
        return promise;
      },
      [self](const detach_network& request) -> caf::result<done> {
        auto promise = self->make_response_promise<done>();
        in_turn(self, [self, request, promise] { detach_now(self, request, promise); });
        return promise;
      },
      [](const create_network&) -> caf::result<network_info> {
        return to_caf(error{errc::unavailable, "user-defined networks are not supported", 0});
      },
      [](const find_network& request) -> caf::result<network_info> {
        return to_caf(error{errc::not_found, "network " + request.name + " not found", 0});
      },
      [](const list_networks&) { return network_list{}; },
      [](const remove_network& request) -> caf::result<done> {
        return to_caf(error{errc::not_found, "network " + request.network.id + " not found", 0});
      },
      [](const move_default_route& request) -> caf::result<network_endpoint> { return request.to.end; },
      [](const rename_endpoint&) {},
      [](const endpoints_recovered&) {},
      [self](const drain_network&) -> caf::result<done> {
        auto promise = self->make_response_promise<done>();
        self->state.draining.push_back(promise);
        answer_draining(self->state);
        return promise;
      },
      [self](const recover_endpoint& found) {
        self->state.attached.insert(found.sandbox);
        self->state.ports.restore(found.sandbox, found.endpoint.ports);
        self->state.touched = true; // whether all rules are there is seen at the next attachment
      },
  };
}

} // namespace gantry
