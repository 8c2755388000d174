#include "actors/links.hpp"

#include "runtime/network/veth.hpp"

namespace gantry {

links_actor::behavior_type links(links_actor::pointer) {
  return {
      [](const make_bridge& request) { return to_caf(network::make_bridge(request.bridge)); },
      [](const connect_link& request) {
        return to_caf(
            network::connect_veth(request.end).map([](std::string mac) { return connected_link{std::move(mac)}; }));
      },
      [](const disconnect_link& request) {
        return to_caf(network::disconnect_veth(request.namespace_path, request.interface));
      },
  };
}

} // namespace gantry
