#include "api/docker/render/network.hpp"

#include "api/docker/render/container.hpp"
#include "api/docker/render/words.hpp"

namespace gantry::docker {
namespace {

json plain(std::string_view name, std::string_view driver) {
  json made;
  made["Name"] = name;
  made["Id"] = network_id(name);
  made["Created"] = time_text(0);
  made["Scope"] = "local";
  made["Driver"] = driver;
  made["EnableIPv4"] = true;
  made["EnableIPv6"] = false;
  made["IPAM"] = {{"Driver", "default"}, {"Options", nullptr}, {"Config", json::array()}};
  made["Internal"] = made["Attachable"] = made["Ingress"] = false;
  made["ConfigFrom"] = {{"Network", ""}};
  made["ConfigOnly"] = false;
  made["Containers"] = json::object();
  made["Options"] = json::object();
  made["Labels"] = json::object();
  return made;
}

json ipam_of(const network_definition& of) {
  auto pools = json::array();
  for (const auto& one : of.subnets) {
    json pool = {{"Subnet", one.subnet}};
    if (!one.ip_range.empty()) pool["IPRange"] = one.ip_range;
    pool["Gateway"] = one.gateway;
    if (!one.reserved.empty()) pool["AuxiliaryAddresses"] = object_of(one.reserved);
    pools.push_back(std::move(pool));
  }
  return {{"Driver", "default"}, {"Options", nullptr}, {"Config", std::move(pools)}};
}

std::string with_prefix(const std::string& ip, int prefix_length) {
  return ip.empty() ? ip : fmt::format("{}/{}", ip, prefix_length);
}

json member(const container_record& of, const network_endpoint& end) {
  return {{"Name", of.display_name},
          {"EndpointID", endpoint_id(of.sandbox, end)},
          {"MacAddress", end.mac},
          {"IPv4Address", with_prefix(end.ip, end.prefix_length)},
          {"IPv6Address", with_prefix(end.ip6.ip, end.ip6.prefix_length)}};
}

} // namespace

json network(const network_definition& of) {
  auto made = plain(of.display_name, "bridge");
  made["Id"] = network_id(of.name.id);
  made["Created"] = time_text(of.created_at);
  made["EnableIPv6"] = of.ipv6;
  made["IPAM"] = ipam_of(of);
  made["Internal"] = of.internal;
  made["Attachable"] = of.attachable;
  made["Options"] = object_of(of.options);
  made["Labels"] = object_of(of.labels);
  return made;
}

json network_without_bridge(std::string_view name) { return plain(name, name == "none" ? "null" : name); }

json network_members(const container_table& table, std::string_view network) {
  json made = json::object();
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const auto& row = *table.rows[i];
    if (row.state.pid == 0) continue;
    if (row.options.network_mode == network && (network == "host" || network == "none"))
      made[row.name.id] = member(row, {std::string(network), {}, {}, {}, 0, {}});
    for (const auto& end : table.endpoints[i])
      if (end.network == network && end.attached) made[row.name.id] = member(row, end);
  }
  return made;
}

} // namespace gantry::docker
