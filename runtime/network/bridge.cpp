#include "runtime/network/bridge.hpp"

#include <nlohmann/json.hpp>

#include "runtime/network/subnet.hpp"

namespace gantry::network {
namespace {

using json = nlohmann::ordered_json;

constexpr auto cni_version = "1.0.0";
constexpr int link_local_bits = 16, link_local_bits6 = 64; // RFC 3927, 2.1; RFC 4291, 2.5.6

int prefix_of(const bridge_subnet& of) {
  const auto all = parse_subnet(of.subnet);
  return all ? all->bits : 0;
}

/// What the plugin before portmap would have answered, as far as portmap reads it.
json result_of(const bridge_network& network, const attachment& end) {
  auto ips = json::array();
  for (std::size_t i = 0; i < end.addresses.size(); ++i)
    ips.push_back({{"address", fmt::format("{}/{}", end.addresses[i], prefix_of(network.subnets[i]))},
                   {"gateway", network.subnets[i].gateway},
                   {"interface", 0}});
  return {{"cniVersion", cni_version},
          {"interfaces", json::array({{{"name", end.interface}, {"sandbox", end.namespace_path}}})},
          {"ips", std::move(ips)}};
}

json portmap_conf(const attachment& end) {
  auto mappings = json::array();
  for (const auto& port : end.ports) {
    json one = {{"hostPort", port.host_port}, {"containerPort", port.container_port}, {"protocol", port.protocol}};
    if (!port.host_ip.empty()) one["hostIP"] = port.host_ip; // one that stands for all: for all of its family
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
  if (!end.addresses.empty()) conf["prevResult"] = result_of(network, end);
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
  const auto& own = network.subnets.front();
  const auto subnet = parse_subnet(own.subnet);
  if (!subnet || subnet->base.family != ip_family::v4 || subnet->bits < 8 || subnet->bits > 30)
    return fail(errc::invalid_argument, "network {}: subnet '{}' is not IPv4 like 172.29.0.0/16 (/8 to /30)",
                network.name, own.subnet.substr(0, 64));
  const auto gateway = parse_ip(own.gateway);
  if (!gateway || !subnet->contains(*gateway))
    return fail(errc::invalid_argument, "network {}: gateway '{}' is not an address within {}", network.name,
                own.gateway.substr(0, 64), own.subnet);
  if (!is_link_name(network.bridge))
    return fail(errc::invalid_argument, "network {}: '{}' is not a link's name: at most 15 characters, no blanks",
                network.name, network.bridge.substr(0, 64));
  return {};
}

bool is_link_name(std::string_view name) {
  return !name.empty() && name.size() <= 15 && name != "." && name != ".." && name != "all" && name != "default" &&
         name.find_first_of("/: \t\n\v\f\r") == std::string_view::npos;
}

bridge_link link_of(const bridge_network& network) {
  bridge_link made{network.bridge, {}, network.mtu};
  for (const auto& one : network.subnets) made.addresses.push_back({one.gateway, prefix_of(one)});
  return made;
}

veth veth_of(const bridge_network& network, const attachment& end) {
  veth made;
  made.bridge = network.bridge;
  made.namespace_path = end.namespace_path;
  made.interface = end.interface;
  const bool way_out = end.default_route && !network.internal;
  for (std::size_t i = 0; i < end.addresses.size(); ++i)
    made.addresses.push_back(
        {end.addresses[i], prefix_of(network.subnets[i]), way_out ? network.subnets[i].gateway : std::string()});
  for (const auto& ip : end.link_local)
    made.addresses.push_back({ip, family_of(ip) == ip_family::v4 ? link_local_bits : link_local_bits6});
  made.mac = end.mac;
  made.mtu = network.mtu;
  made.sysctls = end.sysctls;
  return made;
}

network_endpoint endpoint_of(const bridge_network& network, const attachment& end, std::string mac) {
  network_endpoint made;
  made.network = network.name;
  const auto& subnets = network.subnets;
  made.ip = end.addresses.front();
  made.prefix_length = prefix_of(subnets.front());
  made.gateway = subnets.front().gateway;
  if (network.has_ipv6()) made.ip6 = {end.addresses.back(), subnets.back().gateway, prefix_of(subnets.back())};
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
