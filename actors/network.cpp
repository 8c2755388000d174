#include "actors/network.hpp"

#include "runtime/network/user_network.hpp"

namespace gantry {

network_actor::behavior_type network_supervisor(network_steps::self_pointer self, network_parts parts,
                                                const std::vector<network_definition>& found) {
  auto& state = self->state;
  state.parts = std::move(parts);
  const auto& own = state.parts.bridge;
  auto& first = state.networks[own.name];
  first.bridge = own;
  first.addresses = network::pools_of(network::definition_of(own, {}));
  for (const auto& definition : found)
    state.networks.emplace(definition.name.id, network_steps::made_of(definition, own));
  return {
      [self](const create_network& request) { return network_steps::create(self, request); },
      [self](const find_network& request) { return to_caf(network_steps::look_up(self->state, request)); },
      [self](const list_networks& request) { return network_steps::list(self->state, request.ns); },
      [self](const remove_network& request) { return network_steps::remove(self, request); },
      [self](const attach_network& request) { return network_steps::attach(self, request); },
      [self](const detach_network& request) { return network_steps::detach(self, request); },
      [self](const move_default_route& request) { return network_steps::move_route(self, request); },
      [self](const rename_endpoint& fact) { network_steps::rename(self, fact); },
      [self](const recover_endpoint& endpoint) { network_steps::recover(self, endpoint); },
      [self](const endpoints_recovered&) { network_steps::recovered(self); },
      [self](const tidy_networks&) { network_steps::tidy(self); },
      [self](const drain_network&) { return network_steps::drain(self); },
  };
}

} // namespace gantry
