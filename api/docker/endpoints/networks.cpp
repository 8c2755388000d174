#include "api/docker/endpoints/networks.hpp"
#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/endpoints/find.hpp"
#include "api/docker/parse/filters.hpp"
#include "api/docker/parse/network_body.hpp"
#include "api/docker/render/container.hpp"
#include "api/docker/render/network.hpp"
#include "api/door/new_id.hpp"

namespace gantry::docker::endpoints {
namespace {

/// Those that an engine always has and that are no bridge.
constexpr std::string_view without_bridge[] = {"host", "none"};

bool is_builtin(const json& one) {
  const auto& name = one["Name"].get_ref<const std::string&>();
  return name == "bridge" || name == "host" || name == "none";
}

bool shows(const filters& wanted, const json& one, const std::map<std::string, std::string>& labels) {
  const auto& id = one["Id"].get_ref<const std::string&>();
  return (!wanted.has("id") || wanted.allows_part("id", id)) &&
         wanted.allows_part("name", one["Name"].get_ref<const std::string&>()) &&
         wanted.allows("driver", one["Driver"].get<std::string>()) && wanted.allows("scope", "local") &&
         wanted.allows("type", is_builtin(one) ? "builtin" : "custom") && wanted.allows_labels(labels);
}

result<void> check_list_filters(const filters& wanted) {
  GANTRY_TRY(wanted.check({"dangling", "driver", "id", "label", "label!", "name", "scope", "type"}));
  for (const auto& type : wanted.of("type"))
    if (type != "builtin" && type != "custom") return fail(errc::invalid_argument, "invalid filter: 'type'='{}'", type);
  return {};
}

/// The fixed id of one that an engine always has, or enough of it that no user's is meant.
bool is_id_of(std::string_view asked, std::string_view name) {
  return asked.size() >= 12 && network_id(name).starts_with(asked);
}

/// "host" or "none", by name or by the beginning of its id; empty for another.
std::string_view named_without_bridge(std::string_view asked) {
  for (auto name : without_bridge)
    if (asked == name || is_id_of(asked, name)) return name;
  return {};
}

/// May a container that is there come to this network, or leave it?
result<void> may_change(std::string_view network, const endpoint_options& how) {
  if (network == "host")
    return fail(errc::denied, "cannot connect container to host network - container must be created in host network "
                              "mode; and one that was cannot leave it");
  if (network == "none") return fail(errc::denied, "container cannot be connected to, or leave, the network none");
  if (network == "bridge" && !(how.address.empty() && how.address6.empty()))
    return fail(errc::invalid_argument, "user specified IP address is supported on user defined networks only");
  if (network == "bridge" && !how.aliases.empty())
    return fail(errc::invalid_argument,
                "network-scoped alias is supported only for containers in user defined networks");
  return {};
}

} // namespace

awaitable<result<network_info>> find_network_named(context& door, std::string name) {
  // The engine's own bridge is found by its fixed id too.
  if (is_id_of(name, "bridge")) name = "bridge";
  find_network message{docker_namespace, std::move(name)};
  co_return co_await ask<network_info>(door, door.actors.network, std::move(message), deadline::inner);
}

awaitable<result<response>> network_list(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto wanted, filters::parse(what.parameters.get("filters")));
  GANTRY_CO_TRY(check_list_filters(wanted));
  GANTRY_CO_LET(auto dangling, wanted.flag("dangling", false));
  const std::string bridge = "bridge";
  GANTRY_CO_LET(auto own, co_await find_network_named(door, bridge));
  list_networks message{docker_namespace};
  GANTRY_CO_LET(auto all, co_await ask<gantry::network_list>(door, door.actors.network, message, deadline::inner));
  all.networks.push_back(std::move(own));
  json rows = json::array();
  for (const auto& [definition, users] : all.networks) {
    auto one = network(definition);
    bool unused = users == 0 && !is_builtin(one);
    if ((!wanted.has("dangling") || dangling == unused) && shows(wanted, one, definition.labels))
      rows.push_back(std::move(one));
  }
  for (auto name : without_bridge)
    if (auto one = network_without_bridge(name); !dangling && shows(wanted, one, {})) rows.push_back(std::move(one));
  co_return json_response(dump(rows));
}

awaitable<result<response>> network_inspect(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto table, co_await table_of(door));
  if (auto name = named_without_bridge(what.subject); !name.empty()) {
    auto made = network_without_bridge(name);
    made["Containers"] = network_members(*table, name);
    co_return json_response(dump(made));
  }
  GANTRY_CO_LET(auto found, co_await find_network_named(door, what.subject));
  auto made = network(found.network);
  made["Containers"] = network_members(*table, found.network.name.id);
  co_return json_response(dump(made));
}

awaitable<result<response>> network_create(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto definition, parse_network_body(what.body));
  definition.name = {docker_namespace, door::new_id()};
  create_network message{std::move(definition)};
  GANTRY_CO_LET(auto made, co_await ask<network_info>(door, door.actors.network, std::move(message), deadline::inner));
  co_return json_response(dump({{"Id", made.network.name.id}, {"Warning", ""}}), 201);
}

awaitable<result<response>> network_delete(context& door, const request& what, exchange&) {
  std::string name(named_without_bridge(what.subject));
  network_info found;
  if (name.empty()) {
    GANTRY_CO_LET(found, co_await find_network_named(door, what.subject));
    if (found.network.name.id == "bridge") name = "bridge";
  }
  if (!name.empty()) co_return fail(errc::denied, "{} is a pre-defined network and cannot be removed", name);
  remove_network message{found.network.name};
  GANTRY_CO_TRY(co_await ask<done>(door, door.actors.network, std::move(message), deadline::network));
  co_return empty_response();
}

awaitable<result<response>> network_connect(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto body, parse_connect_body(what.body));
  auto name = named_without_bridge(what.subject);
  GANTRY_CO_TRY(may_change(name, body.how));
  GANTRY_CO_LET(auto found, co_await find_network_named(door, what.subject));
  body.how.network = found.network.name.id;
  body.how.name = found.network.display_name;
  GANTRY_CO_TRY(may_change(body.how.network, body.how));
  GANTRY_CO_LET(auto container, co_await find(door, body.container));
  connect_network message{std::move(body.how)};
  GANTRY_CO_TRY(co_await ask_found<done>(door, container, container.sandbox, std::move(message), deadline::network));
  co_return empty_response(200);
}

/// `Force` is for containers of which only the network knows; here there are none.
awaitable<result<response>> network_disconnect(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto body, parse_connect_body(what.body));
  auto name = named_without_bridge(what.subject);
  GANTRY_CO_TRY(may_change(name, body.how));
  GANTRY_CO_LET(auto found, co_await find_network_named(door, what.subject));
  GANTRY_CO_LET(auto container, co_await find(door, body.container));
  disconnect_network message{found.network.name.id};
  GANTRY_CO_TRY(co_await ask_found<done>(door, container, container.sandbox, std::move(message), deadline::network));
  co_return empty_response(200);
}

} // namespace gantry::docker::endpoints
