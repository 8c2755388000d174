#include "api/docker/render/container.hpp"

namespace gantry::docker {
namespace {

json bindings_of(const container_record& of, const std::optional<network_endpoint>& endpoint) {
  json ports = json::object();
  if (!endpoint) return ports;
  for (const auto& text : of.options.exposed_ports) ports[text] = nullptr;
  for (const auto& port : endpoint->ports) {
    auto& list = ports[fmt::format("{}/{}", port.container_port, port.protocol)];
    list.push_back(
        {{"HostIp", port.host_ip.empty() ? "0.0.0.0" : port.host_ip}, {"HostPort", std::to_string(port.host_port)}});
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

} // namespace

std::string network_id(std::string_view name) {
  std::string id;
  for (char c : name.substr(0, 32)) id += fmt::format("{:02x}", static_cast<unsigned char>(c));
  id.resize(64, '0');
  return id;
}

json network_endpoints(const container_record& of, const std::optional<network_endpoint>& endpoint) {
  json networks = json::object();
  const auto& mode = of.options.network_mode;
  if (mode.starts_with("container:")) return networks;
  json made;
  made["IPAMConfig"] = made["Links"] = made["Aliases"] = nullptr;
  made["MacAddress"] = endpoint ? endpoint->mac : "";
  made["DriverOpts"] = nullptr;
  made["NetworkID"] = network_id(mode);
  made["EndpointID"] = endpoint ? of.sandbox.id : "";
  made["Gateway"] = endpoint ? endpoint->gateway : "";
  made["IPAddress"] = endpoint ? endpoint->ip : "";
  made["IPPrefixLen"] = endpoint ? endpoint->prefix_length : 0;
  made["IPv6Gateway"] = made["GlobalIPv6Address"] = "";
  made["GlobalIPv6PrefixLen"] = 0;
  made["DNSNames"] = nullptr;
  networks[mode] = std::move(made);
  return networks;
}

json network_settings(const container_record& of, const std::optional<network_endpoint>& endpoint) {
  json made;
  made["Bridge"] = "";
  made["SandboxID"] = of.state.pid != 0 ? of.sandbox.id : "";
  made["SandboxKey"] = of.state.pid != 0 ? fmt::format("/proc/{}/ns/net", of.state.pid) : "";
  made["Ports"] = bindings_of(of, endpoint);
  made["HairpinMode"] = false;
  made["LinkLocalIPv6Address"] = "";
  made["LinkLocalIPv6PrefixLen"] = 0;
  made["SecondaryIPAddresses"] = made["SecondaryIPv6Addresses"] = nullptr;
  made["EndpointID"] = endpoint ? of.sandbox.id : "";
  made["Gateway"] = endpoint ? endpoint->gateway : "";
  made["GlobalIPv6Address"] = "";
  made["GlobalIPv6PrefixLen"] = 0;
  made["IPAddress"] = endpoint ? endpoint->ip : "";
  made["IPPrefixLen"] = endpoint ? endpoint->prefix_length : 0;
  made["IPv6Gateway"] = "";
  made["MacAddress"] = endpoint ? endpoint->mac : "";
  made["Networks"] = network_endpoints(of, endpoint);
  return made;
}

json mount_points(const std::vector<resolved_mount>& of) {
  json list = json::array();
  for (const auto& mount : of) list.push_back(mount_point(mount));
  return list;
}

} // namespace gantry::docker
