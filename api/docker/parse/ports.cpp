#include <charconv>

#include "api/docker/parse/parts.hpp"
#include "messages/domain/quote.hpp"

// PortBindings and NetworkingConfig (Docker Engine API, "PortMap", "EndpointSettings").
namespace gantry::docker::parts {
namespace {

constexpr std::size_t max_bindings = 4096;

result<std::uint16_t> parse_port(std::string_view text, std::string_view whole) {
  std::uint16_t port = 0;
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size())
    return fail(errc::invalid_argument, "invalid port specification: {}", quote(whole));
  return port;
}

/// "80/tcp", "80".
result<port_binding> parse_container_port(std::string_view text) {
  port_binding port;
  auto slash = text.find('/');
  GANTRY_LET(port.container_port, parse_port(text.substr(0, slash), text));
  if (slash != std::string_view::npos) port.protocol = text.substr(slash + 1);
  if (port.container_port == 0 || (port.protocol != "tcp" && port.protocol != "udp" && port.protocol != "sctp"))
    return fail(errc::invalid_argument, "invalid port specification: {}", quote(text));
  return port;
}

result<void> read_binding(object from, port_binding port, container_options& into) {
  json_fields fields(from);
  std::string host_port;
  fields.read("HostIp", port.host_ip);
  fields.read("HostPort", host_port);
  GANTRY_TRY(checked(fields, "HostConfig.PortBindings"));
  if (host_port.find('-') != std::string::npos)
    return fail(errc::invalid_argument, "HostPort {}: a range to choose from is not supported; name one port, or none",
                quote(host_port));
  if (!host_port.empty()) {
    GANTRY_LET(port.host_port, parse_port(host_port, host_port));
  }
  if (into.ports.size() == max_bindings)
    return fail(errc::invalid_argument, "more than {} published ports", max_bindings);
  into.ports.push_back(std::move(port));
  return {};
}

result<void> read_endpoint(std::string_view network, simdjson::dom::element settings, container_options& into) {
  bool same = network == into.network_mode || (network == "default" && into.network_mode == "bridge");
  if (!same && network != "bridge" && network != "default" && network != "host" && network != "none")
    return fail(errc::not_found, "network {} not found", network);
  if (!same)
    return fail(errc::invalid_argument,
                "NetworkingConfig names the network {}, HostConfig.NetworkMode {}: one network a container", network,
                into.network_mode);
  object inner;
  if (settings.is_null()) return {};
  if (settings.get(inner) != simdjson::SUCCESS)
    return fail(errc::invalid_argument, "invalid JSON: NetworkingConfig.EndpointsConfig.{} is not an object", network);
  json_fields fields(inner);
  std::vector<std::string> links, aliases;
  std::string mac, address, address6;
  fields.read("Links", links);
  fields.read("Aliases", aliases);
  fields.read("MacAddress", mac);
  if (auto ipam = fields.object("IPAMConfig")) {
    json_fields pool(*ipam);
    pool.read("IPv4Address", address);
    pool.read("IPv6Address", address6);
    GANTRY_TRY(checked(pool, "NetworkingConfig.IPAMConfig"));
  }
  GANTRY_TRY(checked(fields, "NetworkingConfig"));
  if (!links.empty()) return fail(errc::invalid_argument, "links are not supported");
  if (!aliases.empty())
    return fail(errc::invalid_argument,
                "network-scoped alias is supported only for containers in user defined networks");
  if (!address.empty() || !address6.empty())
    return fail(errc::invalid_argument, "user specified IP address is supported on user defined networks only");
  if (!mac.empty()) into.mac_address = mac;
  return {};
}

} // namespace

result<void> read_ports(object host, container_options& into) {
  json_fields fields(host);
  auto map = fields.object("PortBindings");
  GANTRY_TRY(checked(fields, "HostConfig"));
  if (!map) return {};
  for (auto [name, value] : *map) {
    GANTRY_LET(auto port, parse_container_port(name));
    simdjson::dom::array bindings;
    if (value.is_null()) continue;
    if (value.get(bindings) != simdjson::SUCCESS)
      return fail(errc::invalid_argument, "invalid JSON: HostConfig.PortBindings.{} is not an array", quote(name));
    for (auto element : bindings) {
      object one;
      if (element.get(one) != simdjson::SUCCESS)
        return fail(errc::invalid_argument, "invalid JSON: HostConfig.PortBindings.{} holds no objects", quote(name));
      GANTRY_TRY(read_binding(one, port, into));
    }
  }
  return {};
}

result<void> read_networking(object networking, container_options& into) {
  json_fields fields(networking);
  auto endpoints = fields.object("EndpointsConfig");
  GANTRY_TRY(checked(fields, "NetworkingConfig"));
  if (!endpoints) return {};
  for (auto [name, settings] : *endpoints) GANTRY_TRY(read_endpoint(name, settings, into));
  return {};
}

} // namespace gantry::docker::parts
