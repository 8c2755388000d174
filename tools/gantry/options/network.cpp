#include <algorithm>

#include "tools/gantry/format/units.hpp"
#include "tools/gantry/options/host_config.hpp"
#include "tools/gantry/options/syntax.hpp"

// --network and what belongs to it.
namespace gantry::cli {

namespace {

/// One network that a container is to be on (Engine API, "EndpointSettings").
struct wanted_network {
  std::string name;
  json addresses = json::object(), settings = json::object();
};

void add_text(json& into, const char* field, const std::string& value) {
  if (!value.empty()) into[field] = value;
}

result<void> set_field(const std::string& key, const std::string& value, wanted_network& into) {
  if (key == "name")
    into.name = value;
  else if (key == "alias")
    into.settings["Aliases"].push_back(value);
  else if (key == "ip")
    into.addresses["IPv4Address"] = value;
  else if (key == "ip6")
    into.addresses["IPv6Address"] = value;
  else if (key == "link-local-ip")
    into.addresses["LinkLocalIPs"].push_back(value);
  else if (key == "mac-address")
    into.settings["MacAddress"] = value;
  else if (key == "driver-opt") {
    auto [name, what] = cut(value, '=');
    into.settings["DriverOpts"][name] = what;
  } else if (key == "gw-priority") {
    GANTRY_LET(into.settings["GwPriority"], parse_integer(value));
  } else
    return fail(errc::invalid_argument, "invalid field {}", key);
  return {};
}

/// "NAME", or "name=NAME,alias=…,ip=…".
result<wanted_network> wanted_network_of(const std::string& text) {
  wanted_network made;
  if (text.find('=') == std::string::npos) {
    made.name = text;
    return made;
  }
  GANTRY_LET(const auto fields, csv_fields(text));
  for (const auto& field : fields) {
    auto [key, value] = cut(field, '=');
    if (auto set = set_field(key, value, made); !set) return within(set.error(), "--network {}", text);
  }
  if (made.name.empty()) return fail(errc::invalid_argument, "--network {}: network name/id is not specified", text);
  return made;
}

result<std::vector<wanted_network>> wanted_networks_of(const create_options& o) {
  std::vector<wanted_network> made;
  for (const auto& text : o.networks) {
    GANTRY_LET(auto one, wanted_network_of(text));
    if (std::any_of(made.begin(), made.end(), [&](const auto& other) { return other.name == one.name; }))
      return fail(errc::invalid_argument, "network \"{}\" is specified multiple times", one.name);
    made.push_back(std::move(one));
  }
  if (made.empty()) made.push_back({"default"});
  // The options of their own are the first network's.
  auto& first = made.front();
  for (const auto& alias : o.network_aliases) first.settings["Aliases"].push_back(alias);
  add_text(first.addresses, "IPv4Address", o.ip);
  add_text(first.addresses, "IPv6Address", o.ip6);
  for (const auto& address : o.link_local_ips) first.addresses["LinkLocalIPs"].push_back(address);
  return made;
}

} // namespace

result<void> add_networks(const create_options& options, json& config, json& host) {
  GANTRY_LET(auto endpoints, wanted_networks_of(options));
  host["NetworkMode"] = endpoints.front().name;
  if (!options.mac_address.empty()) config["MacAddress"] = options.mac_address;
  json all = json::object();
  for (auto& one : endpoints) {
    if (!one.addresses.empty()) one.settings["IPAMConfig"] = std::move(one.addresses);
    if (endpoints.size() > 1 || !one.settings.empty()) all[one.name] = std::move(one.settings);
  }
  if (!all.empty()) config["NetworkingConfig"]["EndpointsConfig"] = std::move(all);
  return {};
}

} // namespace gantry::cli
