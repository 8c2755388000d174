#include "runtime/network/bridge.hpp"

#include <nlohmann/json.hpp>

#include "runtime/network/subnet.hpp"

namespace gantry::network {
namespace {

using json = nlohmann::ordered_json;

constexpr auto cni_version = "1.0.0";
constexpr std::size_t max_link_name = 15; // IFNAMSIZ - 1

int prefix_of(const bridge_network& network) {
  const auto all = parse_subnet(network.subnet);
  return all ? all->bits : 0;
}

/// What the plugin before portmap would have answered, as far as portmap reads it.
json result_of(const bridge_network& network, const attachment& end) {
  return {{"cniVersion", cni_version},
          {"interfaces", json::array({{{"name", end.interface}, {"sandbox", end.namespace_path}}})},
          {"ips", json::array({{{"address", fmt::format("{}/{}", end.address, prefix_of(network))},
                                {"gateway", network.gateway},
                                {"interface", 0}}})}};
}

json portmap_conf(const attachment& end) {
  auto mappings = json::array();
  for (const auto& port : end.ports) {
    json one = {{"hostPort", port.host_port}, {"containerPort", port.container_port}, {"protocol", port.protocol}};
    if (!port.host_ip.empty() && port.host_ip != "0.0.0.0" && port.host_ip != "::") one["hostIP"] = port.host_ip;
    mappings.push_back(std::move(one));
  }
  // snat: published ports answer on the host's 127.0.0.1 and to the container itself.
  return {{"type", "portmap"},
          {"snat", true},
          {"capabilities", {{"portMappings", true}}},
          {"runtimeConfig", {{"portMappings", std::move(mappings)}}}};
}

monitor::run_process portmap(const bridge_network& network, const attachment& end, std::string_view command) {
  json conf = {{"cniVersion", cni_version}, {"name", network.cni_name}};
  conf.update(portmap_conf(end));
  conf["prevResult"] = result_of(network, end);
  monitor::run_process call;
  call.argv = {network.plugin_dir + "/portmap"};
  call.env = {
      fmt::format("CNI_COMMAND={}", command), "CNI_CONTAINERID=" + end.id,
      "CNI_NETNS=" + end.namespace_path,      "CNI_IFNAME=" + end.interface,
      "CNI_PATH=" + network.plugin_dir,       "PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"};
  call.input = conf.dump(-1, ' ', false, json::error_handler_t::replace);
  return call;
}

} // namespace

result<void> check(const bridge_network& network) {
  const auto subnet = parse_subnet(network.subnet);
  if (!subnet || subnet->bits < 8 || subnet->bits > 30)
    return fail(errc::invalid_argument, "network {}: subnet '{}' is not IPv4 like 172.29.0.0/16 (/8 to /30)",
                network.name, network.subnet.substr(0, 64));
  const auto gateway = parse_ipv4(network.gateway);
  if (!gateway || !subnet->contains(*gateway))
    return fail(errc::invalid_argument, "network {}: gateway '{}' is not an address within {}", network.name,
                network.gateway.substr(0, 64), network.subnet);
  if (network.bridge.empty() || network.bridge.size() > max_link_name ||
      network.bridge.find_first_of("/ \t\n") != std::string::npos)
    return fail(errc::invalid_argument, "network {}: '{}' is not a link's name: at most 15 characters, no blanks",
                network.name, network.bridge.substr(0, 64));
  return {};
}

bridge_link link_of(const bridge_network& network) {
  return {network.bridge, network.gateway, prefix_of(network), network.mtu};
}

veth veth_of(const bridge_network& network, const attachment& end) {
  veth made;
  made.bridge = network.bridge;
  made.namespace_path = end.namespace_path;
  made.interface = end.interface;
  made.address = end.address;
  made.prefix_length = prefix_of(network);
  if (end.default_route && !network.internal) made.gateway = network.gateway;
  made.mac = end.mac;
  made.mtu = network.mtu;
  return made;
}

network_endpoint endpoint_of(const bridge_network& network, const attachment& end, std::string mac) {
  network_endpoint made;
  made.network = network.name;
  made.ip = end.address;
  made.prefix_length = prefix_of(network);
  made.gateway = network.gateway;
  made.mac = std::move(mac);
  made.ports = end.ports;
  return made;
}

monitor::run_process publish_ports(const bridge_network& network, const attachment& end) {
  return portmap(network, end, "ADD");
}

monitor::run_process withdraw_ports(const bridge_network& network, const attachment& end) {
  return portmap(network, end, "DEL");
}

} // namespace gantry::network
