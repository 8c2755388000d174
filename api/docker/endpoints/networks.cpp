#include <algorithm>

#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/endpoints/find.hpp"
#include "api/docker/parse/filters.hpp"
#include "api/docker/render/container.hpp"
#include "api/docker/render/words.hpp"
#include "api/docker/status.hpp"

namespace gantry::docker::endpoints {
namespace {

constexpr std::string_view names[] = {"bridge", "host", "none"};

json network(std::string_view name) {
  json made;
  made["Name"] = name;
  made["Id"] = network_id(name);
  made["Created"] = time_text(0);
  made["Scope"] = "local";
  made["Driver"] = name == "none" ? "null" : name;
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

/// The containers that are on a network now, by id.
json members(const container_table& table, std::string_view name) {
  json made = json::object();
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const auto& row = *table.rows[i];
    if (row.options.network_mode != name || row.state.pid == 0) continue;
    auto on = std::find_if(table.endpoints[i].begin(), table.endpoints[i].end(),
                           [&](const auto& end) { return end.network == name && end.attached; });
    bool there = on != table.endpoints[i].end();
    made[row.name.id] = {{"Name", row.display_name},
                         {"EndpointID", row.sandbox.id},
                         {"MacAddress", there ? on->mac : ""},
                         {"IPv4Address", there ? fmt::format("{}/{}", on->ip, on->prefix_length) : ""},
                         {"IPv6Address", ""}};
  }
  return made;
}

} // namespace

awaitable<result<response>> network_list(context&, const request& what, exchange&) {
  GANTRY_CO_LET(auto wanted, filters::parse(what.parameters.get("filters")));
  GANTRY_CO_TRY(wanted.check({"dangling", "driver", "id", "label", "label!", "name", "scope", "type"}));
  json rows = json::array();
  for (auto name : names) {
    auto one = network(name);
    bool by_id = !wanted.has("id") || wanted.allows_part("id", network_id(name));
    if (by_id && wanted.allows_part("name", name) && wanted.allows("driver", one["Driver"].get<std::string>()) &&
        wanted.allows("scope", "local") && wanted.allows("type", "builtin") && wanted.allows_labels({}))
      rows.push_back(std::move(one));
  }
  co_return json_response(dump(rows));
}

awaitable<result<response>> network_inspect(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto table, co_await table_of(door));
  for (auto name : names) {
    bool by_id = what.subject.size() >= 4 && network_id(name).starts_with(what.subject);
    if (what.subject != name && !by_id) continue;
    auto made = network(name);
    made["Containers"] = members(*table, name);
    co_return json_response(dump(made));
  }
  co_return fail(errc::not_found, "network {} not found", what.subject);
}

awaitable<result<response>> network_refused(context&, const request& what, exchange&) {
  if (what.method == "DELETE" && (what.subject == "bridge" || what.subject == "host" || what.subject == "none"))
    co_return message_response(403, what.subject + " is a pre-defined network and cannot be removed");
  co_return message_response(
      501, "user-defined networks are not supported by this version of Gantry: containers use bridge, "
           "host, none or container:<name>");
}

awaitable<result<response>> network_prune(context&, const request&, exchange&) {
  co_return json_response(dump({{"NetworksDeleted", nullptr}}));
}

} // namespace gantry::docker::endpoints
