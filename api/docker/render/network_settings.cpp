#include <algorithm>

#include "api/docker/render/container.hpp"

namespace gantry::docker {
namespace {

json bindings_of(const container_record& of, const std::vector<network_endpoint>& endpoints) {
  json ports = json::object();
  if (std::none_of(endpoints.begin(), endpoints.end(), [](const auto& end) { return end.attached; })) return ports;
  for (const auto& text : of.options.exposed_ports) ports[text] = nullptr;
  for (const auto& port : published_ports(endpoints)) {
    auto& list = ports[fmt::format("{}/{}", port.container_port, port.protocol)];
    list.push_back({{"HostIp", port.host_ip}, {"HostPort", std::to_string(port.host_port)}});
  }
  return ports;
}

json mount_point(const resolved_mount& mount) {
  json made;
  made["Type"] = mount.type;
  if (!mount.name.empty()) made["Name"] = mount.name;
  made["Source"] = mount.source;
  made["Destination"] = mount.target;
  if (mount.type == "volume") made["Driver"] = "local";
  made["Mode"] = mount.read_only ? "ro" : "";
  made["RW"] = !mount.read_only;
  made["Propagation"] = mount.type == "bind" && mount.propagation.empty() ? "rprivate" : mount.propagation;
  return made;
}

/// What both a network's endpoint and, of the default bridge, the container itself show.
void add_address(json& made, const network_endpoint& end) {
  made["Gateway"] = end.gateway;
  made["IPAddress"] = end.ip;
  made["IPPrefixLen"] = end.prefix_length;
  made["IPv6Gateway"] = end.ip6.gateway;
  made["GlobalIPv6Address"] = end.ip6.ip;
  made["GlobalIPv6PrefixLen"] = end.ip6.prefix_length;
}

/// Before its first start a container shows what was asked for, and once it has ended nothing, as dockerd has it.
const std::string& shown_mac(const container_record& of, const network_endpoint& end) {
  return of.state.now == phase::created && end.mac.empty() ? end.asked.mac : end.mac;
}

json ipam_config(const endpoint_options& asked) {
  json made;
  if (!asked.address.empty()) made["IPv4Address"] = asked.address;
  if (!asked.address6.empty()) made["IPv6Address"] = asked.address6;
  if (!asked.link_local.empty()) made["LinkLocalIPs"] = asked.link_local;
  return made;
}

json endpoint_settings(const container_record& of, const network_endpoint& end) {
  json made = json::object();
  made.get_ref<json::object_t&>().reserve(16);
  made["IPAMConfig"] = ipam_config(end.asked);
  made["Links"] = nullptr;
  made["Aliases"] = or_null(end.asked.aliases);
  made["MacAddress"] = shown_mac(of, end);
  made["DriverOpts"] = end.asked.driver_options.empty() ? json(nullptr) : object_of(end.asked.driver_options);
  made["NetworkID"] = network_id(end.network);
  made["EndpointID"] = end.attached ? endpoint_id(of.sandbox, end) : "";
  add_address(made, end);
  made["DNSNames"] = or_null(end.names);
  return made;
}

} // namespace

std::string network_id(std::string_view name) {
  if (name.size() == 64) return std::string(name);
  std::string id;
  for (char c : name.substr(0, 32)) id += fmt::format("{:02x}", static_cast<unsigned char>(c));
  id.resize(64, '0');
  return id;
}

std::string endpoint_id(const key& sandbox, const network_endpoint& of) {
  if (of.network == "bridge") return sandbox.id;
  return of.network.substr(0, 32) + sandbox.id.substr(0, 32);
}

std::vector<port_binding> published_ports(const std::vector<network_endpoint>& of) {
  std::vector<port_binding> ports;
  for (const auto& end : of)
    for (auto port : end.ports) {
      const bool all = port.host_ip.empty();
      if (all) port.host_ip = "0.0.0.0";
      ports.push_back(port);
      if (all && !end.ip6.ip.empty()) ports.push_back({port.container_port, port.protocol, "::", port.host_port});
    }
  return ports;
}

json network_endpoints(const container_record& of, const std::vector<network_endpoint>& endpoints) {
  json networks = json::object();
  const auto& mode = of.options.network_mode;
  if (mode == "host" || mode == "none") { // on which nothing is ever attached
    network_endpoint end;
    end.network = mode;
    networks[mode] = endpoint_settings(of, end);
  }
  for (const auto& end : endpoints)
    networks[end.network == "bridge" ? end.network : end.asked.name] = endpoint_settings(of, end);
  return networks;
}

json network_settings(const container_record& of, const std::vector<network_endpoint>& endpoints) {
  json made;
  made["Bridge"] = "";
  made["SandboxID"] = of.state.pid != 0 ? of.sandbox.id : "";
  made["SandboxKey"] = of.state.pid != 0 ? fmt::format("/proc/{}/ns/net", of.state.pid) : "";
  made["Ports"] = bindings_of(of, endpoints);
  made["HairpinMode"] = false;
  made["LinkLocalIPv6Address"] = "";
  made["LinkLocalIPv6PrefixLen"] = 0;
  made["SecondaryIPAddresses"] = made["SecondaryIPv6Addresses"] = nullptr;
  auto on_bridge =
      std::find_if(endpoints.begin(), endpoints.end(), [](const auto& end) { return end.network == "bridge"; });
  auto shown = on_bridge == endpoints.end() ? network_endpoint{} : *on_bridge;
  made["EndpointID"] = shown.attached ? endpoint_id(of.sandbox, shown) : "";
  add_address(made, shown);
  made["MacAddress"] = shown_mac(of, shown);
  made["Networks"] = network_endpoints(of, endpoints);
  return made;
}

json mount_points(const std::vector<resolved_mount>& of) {
  json list = json::array();
  for (const auto& mount : of) list.push_back(mount_point(mount));
  return list;
}

} // namespace gantry::docker
