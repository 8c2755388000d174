#include "api/docker/parse/network_body.hpp"

#include <algorithm>
#include <charconv>

#include "api/docker/parse/parts.hpp"
#include "messages/domain/quote.hpp"

namespace gantry::docker {
namespace {

using parts::checked;
using parts::object;

constexpr int least_mtu = 68, largest_mtu = 65'535; // RFC 791; the kernel's ETH_MAX_MTU

result<bool> parse_switch(const std::string& name, const std::string& value) {
  if (value == "true" || value == "1") return true;
  if (value == "false" || value == "0") return false;
  return fail(errc::invalid_argument, "network option {}: {} is neither true nor false", name, quote(value));
}

result<int> parse_mtu(const std::string& name, const std::string& value) {
  int mtu = 0;
  auto parsed = std::from_chars(value.data(), value.data() + value.size(), mtu);
  if (parsed.ec == std::errc{} && parsed.ptr == value.data() + value.size() &&
      (mtu == 0 || (mtu >= least_mtu && mtu <= largest_mtu)))
    return mtu;
  return fail(errc::invalid_argument, "network option {}: {} is not an MTU of {} to {}", name, quote(value), least_mtu,
              largest_mtu);
}

/// One that must have the value that the engine works by.
result<void> expect(const std::string& name, const std::string& value, bool expected, std::string_view why) {
  GANTRY_LET(auto asked, parse_switch(name, value));
  if (asked == expected) return {};
  return fail(errc::invalid_argument, "network option {}={} is not supported: {}", name, value, why);
}

/// The bridge driver's options (docs.docker.com, "Bridge network driver").
result<void> read_option(const std::string& name, const std::string& value, network_definition& into) {
  constexpr std::string_view bridge = "com.docker.network.bridge.";
  auto short_name = name.starts_with(bridge) ? std::string_view(name).substr(bridge.size()) : std::string_view();
  if (short_name == "name") {
    into.bridge = value;
    return {};
  }
  if (short_name == "host_binding_ipv4") {
    into.host_address = value == "0.0.0.0" ? std::string() : value;
    return {};
  }
  if (short_name == "enable_ip_masquerade") {
    GANTRY_LET(into.masquerade, parse_switch(name, value));
    return {};
  }
  if (short_name == "enable_icc")
    return expect(name, value, true, "containers on one network reach each other; put them on different ones");
  if (short_name == "default_bridge") return expect(name, value, false, "the default bridge is the engine's own");
  if (name == "com.docker.network.enable_ipv4") return expect(name, value, true, "networks have IPv4 addresses");
  if (name == "com.docker.network.enable_ipv6") {
    GANTRY_LET(into.ipv6, parse_switch(name, value));
    return {};
  }
  if (name == "com.docker.network.driver.mtu") {
    GANTRY_LET(into.mtu, parse_mtu(name, value));
    return {};
  }
  return fail(errc::invalid_argument, "network option {} is not supported", quote(name));
}

result<network_subnet> read_pool(object from) {
  json_fields fields(from);
  network_subnet made;
  fields.read("Subnet", made.subnet);
  fields.read("IPRange", made.ip_range);
  fields.read("Gateway", made.gateway);
  fields.read("AuxiliaryAddresses", made.reserved);
  fields.read("AuxAddress", made.reserved); // as Docker's clients and compose write it
  GANTRY_TRY(checked(fields, "IPAM.Config"));
  return made;
}

result<void> read_ipam(object from, network_definition& into) {
  json_fields fields(from);
  std::string driver;
  std::map<std::string, std::string> options;
  fields.read("Driver", driver);
  fields.read("Options", options);
  GANTRY_TRY(checked(fields, "IPAM"));
  if (!driver.empty() && driver != "default")
    return fail(errc::invalid_argument, "invalid ipam driver {}: only \"default\" is supported", quote(driver));
  if (!options.empty())
    return fail(errc::invalid_argument, "IPAM option {} is not supported", quote(options.begin()->first));
  GANTRY_TRY(parts::for_each_object(fields, "Config", [&](object one) -> result<void> {
    GANTRY_LET(auto pool, read_pool(one));
    into.subnets.push_back(std::move(pool));
    return {};
  }));
  return checked(fields, "IPAM");
}

result<void> check_driver(const std::string& driver) {
  if (driver.empty() || driver == "bridge" || driver == "default") return {};
  if (driver == "host" || driver == "null")
    return fail(errc::denied, "only one instance of \"{}\" network is allowed", driver);
  return fail(errc::not_found, "network driver {} not found: networks are bridges on this host (driver bridge)",
              quote(driver));
}

result<void> refuse_kinds(json_fields& fields) {
  bool ipv4 = true, ingress = false, config_only = false;
  std::string scope, from;
  fields.read("EnableIPv4", ipv4);
  fields.read("Ingress", ingress);
  fields.read("ConfigOnly", config_only);
  fields.read("Scope", scope);
  if (auto inner = fields.object("ConfigFrom")) {
    json_fields config(*inner);
    config.read("Network", from);
    GANTRY_TRY(checked(config, "ConfigFrom"));
  }
  GANTRY_TRY(checked(fields, "the body"));
  if (!ipv4) return fail(errc::invalid_argument, "EnableIPv4=false is not supported: networks have IPv4 addresses");
  if (ingress || config_only || !from.empty())
    return fail(errc::invalid_argument,
                "Ingress, ConfigOnly and ConfigFrom are swarm's: this is an engine of one host");
  if (!scope.empty() && scope != "local")
    return fail(errc::invalid_argument, "Scope {} is not supported: networks are local", quote(scope));
  return {};
}

} // namespace

result<network_definition> parse_network_body(std::string_view text) {
  simdjson::dom::parser parser;
  auto top = parse_object(parser, text);
  if (!top) return fail(errc::invalid_argument, "invalid JSON: {}", top.error().message);
  json_fields fields(*top);
  network_definition made;
  std::string driver;
  bool check_duplicate = false; // names are unique here in any case
  fields.read("Name", made.display_name);
  fields.read("Driver", driver);
  fields.read("CheckDuplicate", check_duplicate);
  fields.read("Internal", made.internal);
  fields.read("Attachable", made.attachable);
  fields.read("Labels", made.labels);
  fields.read("Options", made.options);
  GANTRY_TRY(checked(fields, "the body"));
  if (made.display_name.empty()) return fail(errc::invalid_argument, "invalid name: name is empty");
  GANTRY_TRY(check_driver(driver));
  GANTRY_TRY(refuse_kinds(fields));
  for (const auto& [name, value] : made.options) GANTRY_TRY(read_option(name, value, made));
  fields.read("EnableIPv6", made.ipv6); // counts for more than the option of that name
  if (auto ipam = fields.object("IPAM")) GANTRY_TRY(read_ipam(*ipam, made));
  GANTRY_TRY(checked(fields, "the body"));
  return made;
}

result<connect_body> parse_connect_body(std::string_view text) {
  simdjson::dom::parser parser;
  auto top = parse_object(parser, text);
  if (!top) return fail(errc::invalid_argument, "invalid JSON: {}", top.error().message);
  json_fields fields(*top);
  connect_body made;
  fields.read("Container", made.container);
  fields.read("Force", made.force);
  auto settings = fields.object("EndpointConfig");
  GANTRY_TRY(checked(fields, "the body"));
  if (made.container.empty()) return fail(errc::invalid_argument, "no container specified: set \"Container\"");
  if (!settings) return made;
  GANTRY_LET(made.how, parse_endpoint_settings({}, *settings));
  return made;
}

} // namespace gantry::docker
