#include <algorithm>
#include <cctype>

#include "api/docker/parse/network_body.hpp"
#include "api/docker/parse/parts.hpp"
#include "messages/domain/quote.hpp"
#include "runtime/network/subnet.hpp"

// EndpointSettings and NetworkingConfig (Docker Engine API).
namespace gantry::docker {
namespace {

constexpr std::size_t max_networks = 64, max_aliases = 64, max_alias = 253, max_link_local = 8;

/// What can stand in a question to a name server.
bool is_alias(const std::string& text) {
  return !text.empty() && text.size() <= max_alias && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
  });
}

/// "02:42:ac:12:00:02"
bool is_mac(std::string_view text) {
  if (text.size() != 17) return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (i % 3 == 2 ? text[i] != ':' : std::isxdigit(static_cast<unsigned char>(text[i])) == 0) return false;
  return true;
}

result<void> check_mac(const std::string& mac) {
  if (mac.empty() || is_mac(mac)) return {};
  return fail(errc::invalid_argument, "invalid MAC address: {}", quote(mac));
}

bool is_link_local(const std::string& text) {
  const auto address = network::parse_ip(text);
  return address && (network::parse_subnet("169.254.0.0/16")->contains(*address) ||
                     network::parse_subnet("fe80::/10")->contains(*address));
}

result<void> read_ipam(json_fields& fields, endpoint_options& into) {
  auto from = fields.object("IPAMConfig");
  if (!from) return {};
  json_fields ipam(*from);
  ipam.read("IPv4Address", into.address);
  ipam.read("IPv6Address", into.address6);
  ipam.read("LinkLocalIPs", into.link_local);
  GANTRY_TRY(parts::checked(ipam, "IPAMConfig"));
  if (into.link_local.size() > max_link_local)
    return fail(errc::invalid_argument, "more than {} link-local addresses on one network", max_link_local);
  for (const auto& address : into.link_local)
    if (!is_link_local(address))
      return fail(errc::invalid_argument, "invalid link-local IP address: {}", quote(address));
  return {};
}

result<void> refuse_unsupported_settings(json_fields& fields) {
  std::vector<std::string> links;
  std::int64_t priority = 0;
  fields.read("Links", links);
  fields.read("GwPriority", priority, INT32_MIN, INT32_MAX);
  GANTRY_TRY(parts::checked(fields, "EndpointSettings"));
  if (!links.empty())
    return fail(errc::invalid_argument, "links are not supported: containers on one network find each other by name");
  if (priority != 0)
    return fail(errc::invalid_argument, "GwPriority is not supported: the way out is the first network's");
  return {};
}

bool has_own_network(std::string_view mode) {
  return mode != "host" && mode != "none" && !mode.starts_with("container:");
}

/// What a container on networks that no user made asks in vain.
result<void> check_predefined(const endpoint_options& asked) {
  if (!asked.address.empty() || !asked.address6.empty())
    return fail(errc::invalid_argument, "user specified IP address is supported on user defined networks only");
  if (!asked.aliases.empty())
    return fail(errc::invalid_argument,
                "network-scoped alias is supported only for containers in user defined networks");
  return {};
}

result<void> settle_alone(container_options& options) {
  for (const auto& asked : options.networks) {
    if (asked.network != options.network_mode)
      return fail(errc::invalid_argument,
                  "conflicting options: NetworkingConfig names the network {}, HostConfig.NetworkMode {}, which has no "
                  "network of its own",
                  quote(asked.network), options.network_mode);
    GANTRY_TRY(check_predefined(asked));
    if (!asked.mac.empty())
      return fail(errc::invalid_argument, "conflicting options: mac-address and the network mode");
    if (!asked.link_local.empty() || !asked.driver_options.empty())
      return fail(errc::invalid_argument, "conflicting options: LinkLocalIPs or DriverOpts, and the network mode");
  }
  options.networks.clear();
  return {};
}

} // namespace

result<endpoint_options> parse_endpoint_settings(std::string_view network, simdjson::dom::object settings) {
  endpoint_options asked;
  asked.network = network;
  json_fields fields(settings);
  fields.read("Aliases", asked.aliases);
  fields.read("MacAddress", asked.mac);
  GANTRY_TRY(read_ipam(fields, asked));
  fields.read("DriverOpts", asked.driver_options);
  GANTRY_TRY(refuse_unsupported_settings(fields));
  GANTRY_TRY(parts::read_driver_options(asked));
  GANTRY_TRY(check_mac(asked.mac));
  if (asked.aliases.size() > max_aliases)
    return fail(errc::invalid_argument, "more than {} aliases on one network", max_aliases);
  for (const auto& alias : asked.aliases)
    if (!is_alias(alias))
      return fail(errc::invalid_argument, "invalid network alias {}: write letters, digits and _.-", quote(alias));
  if (asked.network == "bridge") GANTRY_TRY(check_predefined(asked));
  return asked;
}

result<void> settle_networks(container_options& options) {
  auto& networks = options.networks;
  GANTRY_TRY(check_mac(options.mac_address));
  if (networks.size() > max_networks)
    return fail(errc::invalid_argument, "more than {} networks of one container", max_networks);
  if (!has_own_network(options.network_mode)) return settle_alone(options);
  auto first = std::find_if(networks.begin(), networks.end(),
                            [&](const auto& one) { return one.network == options.network_mode; });
  if (first == networks.end())
    networks.insert(networks.begin(), {options.network_mode, {}, {}, {}, {}});
  else
    std::rotate(networks.begin(), first, first + 1);
  if (networks.front().mac.empty()) networks.front().mac = options.mac_address;
  // The engine's own bridge alone, as most containers have it: that goes without saying.
  if (networks.size() > 1 || options.network_mode != "bridge") return {};
  options.mac_address = networks.front().mac;
  endpoint_options plain;
  plain.network = options.network_mode;
  plain.mac = options.mac_address;
  if (networks.front() == plain) networks.clear();
  return {};
}

namespace parts {

result<void> read_networking(object networking, container_options& into) {
  json_fields fields(networking);
  auto endpoints = fields.object("EndpointsConfig");
  GANTRY_TRY(checked(fields, "NetworkingConfig"));
  if (!endpoints) return {};
  for (auto [name, settings] : *endpoints) {
    object inner;
    endpoint_options asked;
    asked.network = name == "default" ? "bridge" : name;
    if (!settings.is_null() && settings.get(inner) != simdjson::SUCCESS)
      return fail(errc::invalid_argument, "invalid JSON: NetworkingConfig.EndpointsConfig.{} is not an object",
                  quote(name));
    if (!settings.is_null()) {
      GANTRY_LET(asked, parse_endpoint_settings(asked.network, inner));
    }
    into.networks.push_back(std::move(asked));
  }
  return {};
}

} // namespace parts
} // namespace gantry::docker
