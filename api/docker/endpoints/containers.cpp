#include <set>

#include "api/docker/endpoints/container_filter.hpp"
#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/endpoints/find.hpp"
#include "api/docker/endpoints/networks.hpp"
#include "api/docker/endpoints/resolve_modes.hpp"
#include "api/docker/endpoints/sizes.hpp"
#include "api/docker/endpoints/volumes_from.hpp"
#include "api/docker/parse/create_body.hpp"
#include "api/docker/render/container.hpp"
#include "api/door/new_id.hpp"

namespace gantry::docker::endpoints {

namespace {

/// What is asked of the engine's own bridge alone needs no look.
awaitable<result<void>> resolve_networks(context& door, std::vector<endpoint_options>& networks) {
  std::set<std::string> seen;
  for (auto& one : networks) {
    if (one.network != "bridge") {
      auto found = co_await find_network_named(door, one.network);
      // Not "not found": docker's client takes that for the image, pulls it and tries again.
      if (!found) co_return fail(errc::invalid_argument, "{}", found.error().message);
      one.network = found->network.name.id;
      one.name = found->network.display_name;
    }
    if (!seen.insert(one.network).second)
      co_return fail(errc::invalid_argument, "NetworkingConfig names the network {} twice", one.name);
  }
  co_return result<void>();
}

} // namespace

awaitable<result<void>> resolve_modes(context& door, container_options& options) {
  for (auto* mode : {&options.network_mode, &options.pid_mode, &options.ipc_mode}) {
    constexpr std::string_view prefix = "container:";
    if (!mode->starts_with(prefix)) continue;
    GANTRY_CO_LET(auto found, co_await find(door, mode->substr(prefix.size())));
    *mode = std::string(prefix) + found.name.id;
  }
  co_return co_await resolve_networks(door, options.networks);
}

awaitable<result<response>> container_create(context& door, const request& what, exchange&) {
  auto name = what.parameters.get("name");
  if (!name.empty()) GANTRY_CO_TRY(check_container_name(name));
  if (name.starts_with('/')) name.erase(0, 1);
  if (what.body.empty()) co_return fail(errc::invalid_argument, "invalid JSON: got EOF while reading request body");
  GANTRY_CO_LET(auto options, parse_create_body(what.body));
  if (what.api_minor < 42) options.console = {}; // Docker Engine API, version history
  GANTRY_CO_TRY(co_await resolve_modes(door, options));
  GANTRY_CO_TRY(co_await inherit_volumes(door, options));
  create_container message{{docker_namespace, door::new_id()}, std::move(name), std::move(options), what.client};
  GANTRY_CO_LET(auto made, co_await ask<created>(door, door.engine, std::move(message), deadline::whole));
  co_return json_response(dump({{"Id", made.name.id}, {"Warnings", made.warnings}}), 201);
}

/// Of one row of the list; only a guess, for the memory to be asked for once.
constexpr std::size_t typical_row_bytes = 1024;

awaitable<result<response>> container_list(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto wanted, filters::parse(what.parameters.get("filters")));
  GANTRY_CO_LET(auto limit, what.parameters.number("limit"));
  GANTRY_CO_LET(auto table, co_await table_of(door));
  listing how{what.parameters.flag("all"), limit && *limit > 0 ? static_cast<std::size_t>(*limit) : 0};
  GANTRY_CO_LET(auto rows, select_rows(*table, wanted, how));
  std::map<std::string, container_sizes> sizes;
  bool sized = what.parameters.flag("size");
  if (sized) {
    std::vector<container_view> shown;
    for (auto i : rows) shown.push_back(table->rows[i]);
    GANTRY_CO_LET(sizes, co_await container_sizes_of(door, std::move(shown)));
  }
  // Each row becomes text while it is in the cache: a document of thousands would be out of it by then.
  std::string list = "[";
  list.reserve(rows.size() * typical_row_bytes);
  auto moment = now();
  for (auto i : rows) {
    auto row = container_summary(*table->rows[i], table->endpoints[i], moment);
    if (sized) add_sizes(row, sizes[table->rows[i]->name.id]);
    if (list.size() > 1) list += ',';
    list += dump(row);
  }
  list += ']';
  co_return json_response(std::move(list));
}

awaitable<result<response>> container_inspect(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto found, co_await find(door, what.subject));
  GANTRY_CO_LET(auto table, co_await table_of(door));
  find_image wanted{docker_namespace, found.view->image_id.str()};
  auto image = co_await ask<found_image>(door, door.actors.images, std::move(wanted), deadline::inner);
  list_execs sessions{found.name};
  GANTRY_CO_LET(auto execs, co_await ask<exec_list>(door, door.actors.catalog, std::move(sessions), deadline::inner));
  auto document = docker::container_inspect(*found.view, endpoints_of(*table, found.view->sandbox),
                                            image ? &image->what->config : nullptr, execs.exec_ids);
  auto& runtime = document["HostConfig"]["Runtime"];
  if (runtime.get_ref<const std::string&>().empty()) runtime = door.facts.default_runtime;
  if (what.parameters.flag("size")) {
    std::vector<container_view> alone{found.view};
    GANTRY_CO_LET(auto sizes, co_await container_sizes_of(door, std::move(alone)));
    add_sizes(document, sizes[found.name.id]);
  }
  co_return json_response(dump(document));
}

} // namespace gantry::docker::endpoints
