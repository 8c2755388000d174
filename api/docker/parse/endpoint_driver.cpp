#include <algorithm>
#include <array>
#include <cctype>

#include "api/docker/parse/parts.hpp"
#include "messages/domain/quote.hpp"
#include "runtime/network/bridge.hpp"

// DriverOpts of an EndpointSettings (docs.docker.com, "docker network connect"). What is not known is some other
// driver's: shown again, as dockerd does.
namespace gantry::docker::parts {
namespace {

constexpr std::string_view interface_option = "com.docker.network.endpoint.ifname";
constexpr std::string_view sysctls_option = "com.docker.network.endpoint.sysctls";
constexpr std::size_t max_options = 64, max_sysctls = 64, max_value = 256;

/// A part of a path in /proc/sys.
bool is_part(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// One that is itself wherever it is written: in commands for ip(8) too.
bool is_plain_link_name(std::string_view text) {
  const auto is_plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-'; };
  return network::is_link_name(text) && text.front() != '-' && std::all_of(text.begin(), text.end(), is_plain);
}

bool is_value(std::string_view text) {
  return !text.empty() && text.size() <= max_value &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

/// "net.ipv4.conf.IFNAME.log_martians=1"
result<link_sysctl> parse_sysctl(std::string_view text) {
  const auto equals = std::min(text.find('='), text.size());
  std::array<std::string_view, 5> part{};
  auto rest = text.substr(0, equals);
  const bool whole = std::count(rest.begin(), rest.end(), '.') == 4;
  for (auto& one : part) {
    one = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
  }
  const auto [net, family, table, link, name] = part;
  const bool known = whole && net == "net" && (family == "ipv4" || family == "ipv6" || family == "mpls") &&
                     is_part(table) && (link == "IFNAME" || link == "ifname") && is_part(name);
  if (!known || equals == text.size() || !is_value(text.substr(equals + 1)))
    return fail(errc::invalid_argument,
                "unrecognised network interface sysctl {}: write net.X.Y.IFNAME.Z=V, where X is ipv4, ipv6 or mpls",
                quote(text));
  return link_sysctl{std::string(family), std::string(table), std::string(name), std::string(text.substr(equals + 1))};
}

result<void> read_sysctls(std::string_view list, endpoint_options& into) {
  while (!list.empty()) {
    const auto one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), one.size() + 1));
    GANTRY_LET(auto made, parse_sysctl(one));
    into.sysctls.push_back(std::move(made));
    if (into.sysctls.size() > max_sysctls)
      return fail(errc::invalid_argument, "{}: more than {} of them", sysctls_option, max_sysctls);
  }
  return {};
}

} // namespace

result<void> read_driver_options(endpoint_options& into) {
  if (into.driver_options.size() > max_options)
    return fail(errc::invalid_argument, "more than {} DriverOpts on one network", max_options);
  for (const auto& [name, value] : into.driver_options) {
    if (name == sysctls_option) GANTRY_TRY(read_sysctls(value, into));
    if (name != interface_option || value.empty()) continue;
    if (!is_plain_link_name(value))
      return fail(errc::invalid_argument, "{}: {} is not a link's name: write at most 15 letters, digits and _.-", name,
                  quote(value));
    into.interface = value;
  }
  return {};
}

} // namespace gantry::docker::parts
