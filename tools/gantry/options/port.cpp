#include <arpa/inet.h>

#include "tools/gantry/format/units.hpp"
#include "tools/gantry/options/syntax.hpp"

namespace gantry::cli {

namespace {

struct port_range {
  std::int64_t first = 0, last = 0;
  [[nodiscard]] std::int64_t count() const { return last - first + 1; }
};

result<port_range> range_of(std::string_view text) {
  auto [first, last] = cut(text, '-');
  auto from = parse_integer(first);
  auto to = text.find('-') == std::string_view::npos ? from : parse_integer(last);
  if (!from || !to || *from < 0 || *to > 65535 || *from > *to)
    return fail(errc::invalid_argument, "\"{}\" is not a port or a range of ports", text);
  return port_range{*from, *to};
}

result<std::string> protocol_of(std::string protocol) {
  if (protocol.empty()) return "tcp";
  if (protocol != "tcp" && protocol != "udp" && protocol != "sctp")
    return fail(errc::invalid_argument, "the protocol {} is none of tcp, udp, sctp", protocol);
  return protocol;
}

struct published {
  std::string ip, host, container;
};

/// Takes "[ip:][host:]container" apart from its end: an IPv6 address has colons and stands in brackets.
result<published> take_apart(std::string_view text) {
  published p;
  auto last = text.rfind(':');
  p.container = text.substr(last == std::string_view::npos ? 0 : last + 1);
  if (last == std::string_view::npos) return p;
  auto rest = text.substr(0, last);
  auto before = rest.rfind(':');
  if (before == std::string_view::npos || rest.ends_with(']')) {
    p.host = rest;
    return p;
  }
  p.host = rest.substr(before + 1);
  p.ip = rest.substr(0, before);
  if (p.ip.starts_with('[') && p.ip.ends_with(']')) p.ip = p.ip.substr(1, p.ip.size() - 2);
  unsigned char address[sizeof(in6_addr)];
  if (!p.ip.empty() && ::inet_pton(AF_INET, p.ip.c_str(), address) != 1 &&
      ::inet_pton(AF_INET6, p.ip.c_str(), address) != 1)
    return fail(errc::invalid_argument, "\"{}\" is not an IP address", p.ip);
  return p;
}

result<void> add_ports(std::string_view text, json& bindings, json& exposed) {
  auto [address, protocol_text] = cut(text, '/');
  GANTRY_LET(auto protocol, protocol_of(protocol_text));
  GANTRY_LET(auto parts, take_apart(address));
  GANTRY_LET(auto container, range_of(parts.container));
  if (container.first == 0) return fail(errc::invalid_argument, "a container's port may not be 0");
  port_range host;
  if (!parts.host.empty()) {
    GANTRY_LET(host, range_of(parts.host));
  }
  // One container port over a range of the host's means: any free one of these.
  bool choice = !parts.host.empty() && container.count() == 1 && host.count() > 1;
  if (!parts.host.empty() && !choice && host.count() != container.count())
    return fail(errc::invalid_argument, "the two ranges of ports differ in length");
  for (std::int64_t i = 0; i < container.count(); ++i) {
    auto port = fmt::format("{}/{}", container.first + i, protocol);
    auto on_host = parts.host.empty() ? "" : choice ? parts.host : std::to_string(host.first + i);
    exposed[port] = json::object();
    bindings[port].push_back(json::object({{"HostIp", parts.ip}, {"HostPort", on_host}}));
  }
  return {};
}

} // namespace

result<void> add_port(std::string_view text, json& bindings, json& exposed) {
  auto added = add_ports(text, bindings, exposed);
  if (!added) return within(added.error(), "-p {}", text);
  return added;
}

result<void> add_exposed(std::string_view text, json& exposed) {
  auto [ports, protocol_text] = cut(text, '/');
  auto protocol = protocol_of(protocol_text);
  auto range = range_of(ports);
  if (!protocol) return within(protocol.error(), "--expose {}", text);
  if (!range || range->first == 0)
    return fail(errc::invalid_argument, "--expose {}: write a port or a range, as in 8000-8010/udp", text);
  for (auto port = range->first; port <= range->last; ++port)
    exposed[fmt::format("{}/{}", port, *protocol)] = json::object();
  return {};
}

} // namespace gantry::cli
