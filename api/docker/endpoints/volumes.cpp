#include <algorithm>

#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/endpoints/find.hpp"
#include "api/docker/parse/filters.hpp"
#include "api/docker/parse/parts.hpp"
#include "api/docker/render/volume.hpp"

namespace gantry::docker::endpoints {
namespace {

result<create_volume> parse_volume(std::string_view json_text) {
  create_volume made;
  made.ns = docker_namespace;
  simdjson::dom::parser parser;
  auto top = parse_object(parser, json_text.empty() ? "{}" : json_text);
  if (!top) return fail(errc::invalid_argument, "invalid JSON: {}", top.error().message);
  json_fields fields(*top);
  std::string driver;
  std::map<std::string, std::string> options;
  fields.read("Name", made.name);
  fields.read("Driver", driver);
  fields.read("DriverOpts", options);
  fields.read("Labels", made.labels);
  GANTRY_TRY(parts::checked(fields, "the body"));
  if (!driver.empty() && driver != "local")
    return fail(errc::not_found, "plugin \"{}\" not found: volumes are folders on this host (driver local)", driver);
  if (!options.empty())
    return fail(errc::invalid_argument, "DriverOpts is not supported: volumes are folders on this host");
  return made;
}

bool shows(const filters& wanted, const volume_info& one, bool dangling) {
  if (wanted.has("dangling") && dangling != (one.users == 0)) return false;
  return wanted.allows_part("name", one.record.name) && wanted.allows("driver", "local") &&
         wanted.allows_labels(one.record.labels);
}

} // namespace

awaitable<result<response>> volume_list(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto wanted, filters::parse(what.parameters.get("filters")));
  GANTRY_CO_TRY(wanted.check({"dangling", "driver", "label", "label!", "name"}));
  GANTRY_CO_LET(auto dangling, wanted.flag("dangling", false));
  list_volumes all{docker_namespace};
  GANTRY_CO_LET(auto got,
                co_await ask<gantry::volume_list>(door, door.actors.volumes, std::move(all), deadline::inner));
  json rows = json::array();
  for (const auto& one : got.volumes)
    if (shows(wanted, one, dangling)) rows.push_back(volume(one));
  co_return json_response(dump({{"Volumes", rows}, {"Warnings", nullptr}}));
}

awaitable<result<response>> volume_create(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto message, parse_volume(what.body));
  GANTRY_CO_LET(auto made, co_await ask<volume_info>(door, door.actors.volumes, std::move(message), deadline::inner));
  co_return json_response(dump(volume(made)), 201);
}

awaitable<result<response>> volume_inspect(context& door, const request& what, exchange&) {
  find_volume message{docker_namespace, what.subject};
  GANTRY_CO_LET(auto found, co_await ask<volume_info>(door, door.actors.volumes, std::move(message), deadline::inner));
  co_return json_response(dump(volume(found)));
}

awaitable<result<response>> volume_delete(context& door, const request& what, exchange&) {
  remove_volume message{docker_namespace, what.subject, what.parameters.flag("force")};
  GANTRY_CO_TRY(co_await ask<done>(door, door.actors.volumes, std::move(message), deadline::whole));
  co_return empty_response();
}

} // namespace gantry::docker::endpoints
