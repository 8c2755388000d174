#include <arpa/inet.h>

#include <charconv>

#include "api/docker/parse/parts.hpp"
#include "messages/domain/quote.hpp"

// PortBindings and ExposedPorts (Docker Engine API, "PortMap").
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

bool is_protocol(std::string_view text) { return text == "tcp" || text == "udp" || text == "sctp"; }

/// "80/tcp", "80".
result<port_binding> parse_container_port(std::string_view text) {
  port_binding port;
  auto slash = text.find('/');
  GANTRY_LET(port.container_port, parse_port(text.substr(0, slash), text));
  if (slash != std::string_view::npos) port.protocol = text.substr(slash + 1);
  if (port.container_port == 0 || !is_protocol(port.protocol))
    return fail(errc::invalid_argument, "invalid port specification: {}", quote(text));
  return port;
}

/// "8080", or "8080-8090": any free one of those. Empty: any free one.
result<void> read_host_port(const std::string& text, port_binding& port) {
  if (text.empty()) return {};
  auto dash = text.find('-');
  GANTRY_LET(port.host_port, parse_port(std::string_view(text).substr(0, dash), text));
  if (dash == std::string::npos) return {};
  GANTRY_LET(port.host_port_last, parse_port(std::string_view(text).substr(dash + 1), text));
  if (port.host_port == 0 || port.host_port_last < port.host_port)
    return fail(errc::invalid_argument, "invalid port specification: {}", quote(text));
  return {};
}

/// Empty, or one that stands for all, or an address; whether this host has it shows when it is bound.
result<void> check_host_address(const std::string& text) {
  in6_addr address{};
  if (text.empty() || ::inet_pton(AF_INET, text.c_str(), &address) == 1) return {};
  if (::inet_pton(AF_INET6, text.c_str(), &address) != 1)
    return fail(errc::invalid_argument, "invalid HostIp {}: use an address of this host", quote(text));
  if (IN6_IS_ADDR_LOOPBACK(&address)) // no proxy holds a port here, and no packet of ::1 leaves its link
    return fail(errc::invalid_argument, "HostIp {} is not supported: publish at 127.0.0.1, or at another address",
                text);
  return {};
}

result<void> read_binding(object from, port_binding port, container_options& into) {
  json_fields fields(from);
  std::string host_port;
  fields.read("HostIp", port.host_ip);
  fields.read("HostPort", host_port);
  GANTRY_TRY(checked(fields, "HostConfig.PortBindings"));
  GANTRY_TRY(check_host_address(port.host_ip));
  GANTRY_TRY(read_host_port(host_port, port));
  if (into.ports.size() == max_bindings)
    return fail(errc::invalid_argument, "more than {} published ports", max_bindings);
  into.ports.push_back(std::move(port));
  return {};
}

} // namespace

result<void> check_exposed_port(std::string_view text) {
  const auto slash = text.find('/');
  const auto dash = text.find('-');
  if (slash != std::string_view::npos && !is_protocol(text.substr(slash + 1)))
    return fail(errc::invalid_argument, "invalid port specification: {}", quote(text));
  if (dash == std::string_view::npos || dash > slash) {
    GANTRY_TRY(parse_port(text.substr(0, slash), text));
    return {};
  }
  GANTRY_LET(auto first, parse_port(text.substr(0, dash), text));
  const auto rest = text.substr(dash + 1);
  GANTRY_LET(auto last, parse_port(rest.substr(0, rest.find('/')), text));
  if (last < first) return fail(errc::invalid_argument, "invalid port specification: {}", quote(text));
  return {};
}

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

} // namespace gantry::docker::parts
