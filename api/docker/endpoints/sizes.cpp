#include "api/docker/endpoints/sizes.hpp"

#include <set>

#include "api/docker/endpoints/endpoints.hpp"
#include "api/docker/render/image.hpp"
#include "api/docker/render/volume.hpp"

namespace gantry::docker::endpoints {
namespace {

/// What `type` asks for; everything when it does not.
struct wanted_parts {
  bool images = true, containers = true, volumes = true, build_cache = true;
};

result<wanted_parts> parse_types(const std::vector<std::string>& types) {
  if (types.empty()) return wanted_parts{};
  wanted_parts made{false, false, false, false};
  for (const auto& type : types) {
    if (type == "image")
      made.images = true;
    else if (type == "container")
      made.containers = true;
    else if (type == "volume")
      made.volumes = true;
    else if (type == "build-cache")
      made.build_cache = true;
    else
      return fail(errc::invalid_argument, "unknown object type: {}", type);
  }
  return made;
}

json rows_of(const gantry::image_list& images, const images_on_disk& on_disk, const container_table& table) {
  std::map<digest, std::int64_t> users;
  for (const auto& row : table.rows) {
    std::set<digest> used{row->image_id};
    for (const auto& mount : row->mounts)
      if (mount.type == "image") used.insert(mount.image);
    for (const auto& image : used) ++users[image];
  }
  json rows = json::array();
  for (std::size_t i = 0; i < images.images.size(); ++i) {
    const auto& image = images.images[i];
    rows.push_back(image_summary(image, users[image.what->id], static_cast<std::int64_t>(on_disk.shared[i])));
  }
  return rows;
}

awaitable<result<void>> add_images(context& door, const container_table& table, json& to) {
  list_images all{docker_namespace};
  GANTRY_CO_LET(auto images,
                co_await ask<gantry::image_list>(door, door.actors.images, std::move(all), deadline::inner));
  auto on_disk = measure_images(images.images);
  to["LayersSize"] = on_disk.bytes;
  to["Images"] = rows_of(images, on_disk, table);
  co_return result<void>();
}

awaitable<result<void>> add_containers(context& door, const container_table& table, json& to) {
  GANTRY_CO_LET(auto sizes, co_await container_sizes_of(door, table.rows));
  to["Containers"] = json::array();
  auto moment = now();
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    auto row = container_summary(*table.rows[i], table.endpoints[i], moment);
    add_sizes(row, sizes[table.rows[i]->name.id]);
    to["Containers"].push_back(std::move(row));
  }
  co_return result<void>();
}

awaitable<result<void>> add_volumes(context& door, json& to) {
  list_volumes all{docker_namespace};
  GANTRY_CO_LET(auto list,
                co_await ask<gantry::volume_list>(door, door.actors.volumes, std::move(all), deadline::inner));
  GANTRY_CO_LET(auto sizes, co_await sizes_of(door, list.volumes));
  to["Volumes"] = json::array();
  for (const auto& one : list.volumes) to["Volumes"].push_back(volume(one, sizes[one.mountpoint]));
  co_return result<void>();
}

} // namespace

awaitable<result<std::map<std::string, std::uint64_t>>> written_by(context& door, std::vector<container_view> of) {
  std::map<std::string, std::uint64_t> made;
  if (of.empty()) co_return made;
  measure_writable request{std::move(of), std::chrono::seconds::zero()};
  GANTRY_CO_LET(auto uses,
                co_await ask<writable_uses>(door, door.actors.writable_usage, std::move(request), deadline::whole));
  for (const auto& [id, use] : uses.by_id) made[id] = use.bytes - use.folder_bytes; // as dockerd counts
  co_return made;
}

awaitable<result<std::map<std::string, std::uint64_t>>> sizes_of(context& door, const std::vector<volume_info>& of) {
  measure_folders request;
  for (const auto& one : of) request.paths.push_back(one.mountpoint);
  if (of.empty()) co_return std::map<std::string, std::uint64_t>{};
  GANTRY_CO_LET(auto uses,
                co_await ask<folder_uses>(door, door.actors.writable_usage, std::move(request), deadline::whole));
  co_return std::move(uses.by_path);
}

awaitable<result<std::map<std::string, container_sizes>>> container_sizes_of(context& door,
                                                                             std::vector<container_view> of) {
  GANTRY_CO_LET(auto written, co_await written_by(door, of));
  list_images all{docker_namespace};
  GANTRY_CO_LET(auto images,
                co_await ask<gantry::image_list>(door, door.actors.images, std::move(all), deadline::inner));
  std::map<digest, std::uint64_t> image_bytes;
  for (const auto& image : images.images) image_bytes[image.what->id] = image.what->unpacked_bytes;
  std::map<std::string, container_sizes> made;
  for (const auto& one : of) made[one->name.id] = {written[one->name.id], image_bytes[one->image_id]};
  co_return made;
}

awaitable<result<response>> disk_usage(context& door, const request& what, exchange&) {
  GANTRY_CO_LET(auto wanted, parse_types(what.parameters.all("type")));
  GANTRY_CO_LET(auto table, co_await table_of(door));
  json made;
  if (wanted.images) {
    GANTRY_CO_TRY(co_await add_images(door, *table, made));
  }
  if (wanted.containers) {
    GANTRY_CO_TRY(co_await add_containers(door, *table, made));
  }
  if (wanted.volumes) {
    GANTRY_CO_TRY(co_await add_volumes(door, made));
  }
  if (wanted.build_cache) made["BuildCache"] = json::array();
  co_return json_response(dump(made));
}

} // namespace gantry::docker::endpoints
