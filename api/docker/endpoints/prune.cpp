#include <set>

#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/endpoints/find.hpp"
#include "api/docker/endpoints/sizes.hpp"
#include "api/docker/parse/filters.hpp"
#include "api/docker/parse/moment.hpp"
#include "api/docker/render/image.hpp"

// What nothing uses any more. Each thing is removed by the request that removes it alone: one that came into use
// meanwhile is refused by its owner, and stays.
namespace gantry::docker::endpoints {
namespace {

/// The moment that `until` names; 0 when it is not asked for.
result<unix_nanos> until_of(const filters& wanted) {
  const auto& values = wanted.of("until");
  if (values.size() > 1) return fail(errc::invalid_argument, "more than one until filter specified");
  if (values.empty()) return 0;
  return parse_moment("until", *values.begin(), now());
}

bool is_over(const container_record& row) {
  return row.state.now == phase::created || row.state.now == phase::exited || row.state.now == phase::dead;
}

awaitable<result<bool>> remove(context& door, const key& name) {
  GANTRY_CO_LET(auto found, co_await find(door, name.id));
  remove_container message;
  auto gone = co_await ask_found<done>(door, found, found.container, message, deadline::whole);
  co_return gone.has_value();
}

/// Said once when it is over, of whatever was asked.
void tell_prune(context& door, event::subject type, std::uint64_t bytes) {
  tell(door.actors.events, event{docker_namespace, type, "prune", "", {{"reclaimed", std::to_string(bytes)}}, now()});
}

/// What cannot be measured, for its size or its disk, is what one wants to be rid of most: it goes, and counts nothing.
std::map<std::string, std::uint64_t> sizes_or_none(result<std::map<std::string, std::uint64_t>> measured) {
  return measured ? std::move(*measured) : std::map<std::string, std::uint64_t>{};
}

/// The names to remove an image by; its id when it has none.
std::vector<std::string> handles_of(const found_image& image) {
  std::vector<std::string> handles;
  for (const auto& one : image.names) handles.push_back(one.name.familiar());
  if (handles.empty()) handles.push_back(image.what->id.str());
  return handles;
}

bool prunable(const found_image& image, bool dangling_only, const filters& wanted, unix_nanos until) {
  if (dangling_only && !repo_tags(image.names).empty()) return false;
  if (until != 0 && image.what->pulled_at * 1'000'000'000 >= until) return false;
  return wanted.allows_labels(image.what->config.labels);
}

} // namespace

awaitable<result<response>> container_prune(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto wanted, filters::parse(what.parameters.get("filters")));
  GANTRY_CO_TRY(wanted.check({"label", "label!", "until"}));
  GANTRY_CO_LET(auto until, until_of(wanted));
  GANTRY_CO_LET(auto table, co_await table_of(door));
  std::vector<container_view> over;
  for (const auto& row : table->rows)
    if (is_over(*row) && wanted.allows_labels(row->options.labels) && (until == 0 || row->created_at < until))
      over.push_back(row);
  auto measured = co_await written_by(door, over);
  auto sizes = sizes_or_none(std::move(measured));
  json gone = json::array();
  std::uint64_t bytes = 0;
  for (const auto& row : over) {
    auto removed = co_await remove(door, row->name);
    if (!removed || !*removed) continue;
    gone.push_back(row->name.id);
    bytes += sizes[row->name.id];
  }
  tell_prune(door, event::subject::container, bytes);
  co_return json_response(dump({{"ContainersDeleted", or_null(gone)}, {"SpaceReclaimed", bytes}}));
}

awaitable<result<response>> network_prune(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto wanted, filters::parse(what.parameters.get("filters")));
  GANTRY_CO_TRY(wanted.check({"label", "label!", "until"}));
  GANTRY_CO_LET(auto until, until_of(wanted));
  list_networks message{docker_namespace};
  GANTRY_CO_LET(auto all, co_await ask<gantry::network_list>(door, door.actors.network, message, deadline::inner));
  json gone = json::array();
  for (const auto& [one, users] :
       all.networks) { // those that are in use are refused: who just leaves one is waited for
    if (!wanted.allows_labels(one.labels) || (until != 0 && one.created_at >= until)) continue;
    remove_network removal{one.name};
    auto removed = co_await ask<done>(door, door.actors.network, std::move(removal), deadline::network);
    if (removed) gone.push_back(one.display_name);
  }
  tell_prune(door, event::subject::network, 0);
  co_return json_response(dump({{"NetworksDeleted", or_null(gone)}}));
}

awaitable<result<response>> image_prune(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto wanted, filters::parse(what.parameters.get("filters")));
  GANTRY_CO_TRY(wanted.check({"dangling", "label", "label!", "until"}));
  GANTRY_CO_LET(auto dangling_only, wanted.flag("dangling", true));
  GANTRY_CO_LET(auto until, until_of(wanted));
  GANTRY_CO_LET(auto table, co_await table_of(door));
  list_images all{docker_namespace};
  GANTRY_CO_LET(auto images,
                co_await ask<gantry::image_list>(door, door.actors.images, std::move(all), deadline::inner));
  std::set<digest> used;
  for (const auto& row : table->rows) {
    used.insert(row->image_id);
    for (const auto& mount : row->mounts)
      if (mount.type == "image") used.insert(mount.image);
  }
  json gone = json::array();
  std::uint64_t bytes = 0;
  for (const auto& image : images.images) {
    if (used.contains(image.what->id) || !prunable(image, dangling_only, wanted, until)) continue;
    for (const auto& handle : handles_of(image)) {
      remove_image message{docker_namespace, handle, false};
      auto removed = co_await ask<removed_image>(door, door.actors.images, std::move(message), deadline::whole);
      if (!removed) continue;
      if (!removed->deleted.empty()) bytes += image.what->unpacked_bytes;
      for (auto& one : removal_report(*removed)) gone.push_back(one);
    }
  }
  tell_prune(door, event::subject::image, bytes);
  co_return json_response(dump({{"ImagesDeleted", or_null(gone)}, {"SpaceReclaimed", bytes}}));
}

awaitable<result<response>> volume_prune(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto wanted, filters::parse(what.parameters.get("filters")));
  GANTRY_CO_TRY(wanted.check({"all", "label", "label!"}));
  // Anonymous ones alone, unless asked: since API 1.42.
  GANTRY_CO_LET(auto every, wanted.flag("all", what.api_minor < 42));
  list_volumes all{docker_namespace};
  GANTRY_CO_LET(auto volumes,
                co_await ask<gantry::volume_list>(door, door.actors.volumes, std::move(all), deadline::inner));
  std::erase_if(volumes.volumes, [&](const volume_info& one) {
    return one.users != 0 || (!every && !one.record.anonymous) || !wanted.allows_labels(one.record.labels);
  });
  auto measured = co_await sizes_of(door, volumes.volumes);
  auto sizes = sizes_or_none(std::move(measured));
  json gone = json::array();
  std::uint64_t bytes = 0;
  for (const auto& one : volumes.volumes) {
    remove_volume message{docker_namespace, one.record.name, false};
    auto removed = co_await ask<done>(door, door.actors.volumes, std::move(message), deadline::whole);
    if (!removed) continue;
    gone.push_back(one.record.name);
    bytes += sizes[one.mountpoint];
  }
  tell_prune(door, event::subject::volume, bytes);
  co_return json_response(dump({{"VolumesDeleted", gone}, {"SpaceReclaimed", bytes}}));
}

awaitable<result<response>> build_prune(context&, const request&, exchange&) {
  co_return json_response(dump({{"CachesDeleted", nullptr}, {"SpaceReclaimed", 0}}));
}

} // namespace gantry::docker::endpoints
