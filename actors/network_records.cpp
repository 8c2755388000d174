#include <algorithm>

#include <spdlog/spdlog.h>

#include "actors/engine_parts.hpp"
#include "actors/network.hpp"
#include "messages/domain/quote.hpp"
#include "messages/domain/record_json.hpp"
#include "runtime/network/user_network.hpp"

namespace gantry::network_steps {
namespace {

network_info describe(const network_state::one& network, const std::string& ns) {
  return {network.definition ? *network.definition : network::definition_of(network.bridge, ns),
          network.attached.size()};
}

void emit(const network_state& state, std::string action, const network_definition& of) {
  event what{of.name.ns, event::subject::network, std::move(action), of.name.id, {}, now()};
  what.attributes = {{"name", of.display_name}, {"type", "bridge"}};
  tell(state.parts.events, std::move(what));
}

/// What a new network must not overlap: those there are, and what the host reaches by its routes.
std::vector<network::subnet> taken_subnets(const network_state& state) {
  auto taken = network::host_subnets();
  for (const auto& [id, network] : state.networks)
    for (const auto& subnet : network.bridge.subnets)
      if (auto one = network::parse_subnet(subnet.subnet)) taken.push_back(*one);
  return taken;
}

result<void> check_new(const network_state& state, const network_definition& asked) {
  if (state.networks.size() > max_networks)
    return fail(errc::exhausted, "there are {} networks, the most that an engine has: remove some", max_networks);
  for (const auto& [id, one] : state.networks) {
    if (!one.definition) continue;
    if (one.definition->name.ns == asked.name.ns && one.definition->display_name == asked.display_name)
      return fail(errc::already_exists, "network with name {} already exists", asked.display_name);
  }
  for (const auto& [id, one] : state.networks)
    if (one.bridge.bridge == asked.bridge)
      return fail(errc::denied, "the bridge {} is that of network {}: name another", asked.bridge,
                  one.definition ? one.definition->display_name : id);
  return {};
}

result<network_definition> definition_for(const network_state& state, const create_network& request) {
  auto asked = request.network;
  for (std::string_view own : {"bridge", "host", "none", "default"})
    if (asked.display_name == own)
      return fail(errc::denied, "operation is not permitted on predefined {} network", own);
  if (asked.display_name.starts_with("container:")) // as a mode it would mean another container's
    return fail(errc::denied, "operation is not permitted on predefined {} network", quote(asked.display_name));
  GANTRY_TRY(check_new(state, asked));
  if (asked.ipv6) GANTRY_TRY(network::require_ipv6());
  asked.created_at = now();
  return network::complete(std::move(asked), taken_subnets(state), state.parts.unique_local);
}

bool answers_to(const network_state::one& one, const find_network& request) {
  if (!one.definition) return request.name == one.bridge.name;
  return one.definition->name.ns == request.ns && !one.leaving &&
         (one.definition->display_name == request.name || one.definition->name.id == request.name);
}

void remove_in_turn(self_pointer self, const key& name, caf::typed_response_promise<done> promise);

void erase_now(self_pointer self, const key& name, caf::typed_response_promise<done> promise) {
  auto& state = self->state;
  auto* network = find(state, name.id);
  auto finish = [self, promise](const result<void>& r) mutable {
    if (r)
      promise.deliver(done{});
    else
      refuse(promise, r.error());
    operation_ended(self, {});
  };
  if (network == nullptr) return finish(fail(errc::not_found, "network {} not found", name.id));
  if (network->operations != 0) { // who has just stopped is leaving: whether somebody stays is seen afterwards
    network->when_quiet.push_back([self, name, promise] { remove_in_turn(self, name, promise); });
    return operation_ended(self, {});
  }
  if (!network->attached.empty())
    return finish(fail(errc::denied, "error while removing network: network {} id {} has active endpoints",
                       network->definition->display_name, name.id));
  if (clean_if_idle(state, name.id)) { // the rules first: without the record nobody would know whose they are
    remove_in_turn(self, name, promise);
    return operation_ended(self, {});
  }
  network->leaving = true;
  record_changes changes{{store::erase_network{name}}, false};
  ask<done>(self, state.parts.metadata, deadline::inner, std::move(changes),
            [self, name, finish](const auto& r) mutable {
              auto found = self->state.networks.find(name.id);
              found->second.leaving = false;
              if (!r) return finish(tl::unexpected<error>(r.error()));
              emit(self->state, "destroy", *found->second.definition);
              self->state.networks.erase(found);
              finish({});
            });
}

/// Not counted as the network's own operation: that all of those are over is what it waits for.
void remove_in_turn(self_pointer self, const key& name, caf::typed_response_promise<done> promise) {
  in_turn(self, {}, [self, name, promise] { erase_now(self, name, promise); });
}

} // namespace

network_state::one made_of(const network_definition& definition, const network::bridge_network& beside) {
  network_state::one made;
  made.bridge = network::bridge_of(definition, beside);
  made.definition = definition;
  made.addresses = network::pools_of(definition);
  return made;
}

caf::result<network_info> create(self_pointer self, const create_network& request) {
  auto& state = self->state;
  auto definition = definition_for(state, request);
  if (!definition) return to_caf(definition.error());
  const auto& name = definition->name;
  // There at once, so that the next request finds the name and the subnet taken.
  state.networks.emplace(name.id, made_of(*definition, state.parts.bridge));
  record_changes changes{{store::put_network{{name, to_json(*definition)}}}, false};
  auto promise = self->make_response_promise<network_info>();
  ask<done>(self, state.parts.metadata, deadline::inner, std::move(changes),
            [self, promise, made = *definition](const result<done>& r) mutable {
              if (!r) {
                self->state.networks.erase(made.name.id);
                return refuse(promise, r.error());
              }
              emit(self->state, "create", made);
              promise.deliver(network_info{std::move(made), 0});
            });
  return promise;
}

result<network_info> look_up(const network_state& state, const find_network& request) {
  for (const auto& [id, one] : state.networks)
    if (answers_to(one, request)) return describe(one, request.ns);
  std::vector<const network_state::one*> found;
  for (const auto& [id, one] : state.networks)
    if (one.definition && one.definition->name.ns == request.ns && !request.name.empty() && !one.leaving &&
        id.starts_with(request.name))
      found.push_back(&one);
  if (found.size() == 1) return describe(*found.front(), request.ns);
  if (found.empty()) return fail(errc::not_found, "network {} not found", request.name);
  return fail(errc::invalid_argument, "network {} is ambiguous ({} matches found based on ID prefix)", request.name,
              found.size());
}

network_list list(const network_state& state, const std::string& ns) {
  network_list all;
  for (const auto& [id, one] : state.networks)
    if (one.definition && one.definition->name.ns == ns && !one.leaving) all.networks.push_back(describe(one, ns));
  std::sort(all.networks.begin(), all.networks.end(),
            [](const auto& a, const auto& b) { return a.network.created_at > b.network.created_at; });
  return all;
}

caf::result<done> remove(self_pointer self, const remove_network& request) {
  auto* network = find(self->state, request.network.id);
  if (network == nullptr || !network->definition)
    return to_caf(error{errc::not_found, "network " + request.network.id + " not found", 0});
  auto promise = self->make_response_promise<done>();
  remove_in_turn(self, request.network, promise);
  return promise;
}

} // namespace gantry::network_steps
