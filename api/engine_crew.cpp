#include "api/engine_crew.hpp"

#include <thread>

#include <spdlog/spdlog.h>

#include "actors/archives.hpp"
#include "actors/catalog.hpp"
#include "actors/cgroups.hpp"
#include "actors/devices.hpp"
#include "actors/events.hpp"
#include "actors/files.hpp"
#include "actors/images.hpp"
#include "actors/launcher.hpp"
#include "actors/layer_extractor.hpp"
#include "actors/links.hpp"
#include "actors/metadata.hpp"
#include "actors/name_server.hpp"

#include "actors/network.hpp"
#include "actors/pod_network.hpp"
#include "actors/pods.hpp"
#include "actors/puller.hpp"
#include "actors/pusher.hpp"
#include "actors/transfer.hpp"
#include "actors/volumes.hpp"
#include "actors/writable_usage.hpp"
#include "messages/domain/record_json.hpp"

namespace gantry {
namespace {

/// Pulls of slow registries hold extractors while they wait for bytes: more than there are cores.
std::uint32_t extractor_count() { return std::max(4U, 2 * std::thread::hardware_concurrency()); }

std::vector<layer_folder> folders_of(const store::everything& records) {
  std::vector<layer_folder> layers;
  for (const auto& layer : records.layers) layers.push_back({layer.id, false, layer.folder, layer.bytes});
  return layers;
}

result<snapshot_actor> spawn_snapshot(caf::actor_system& system, opened_store& store, const metadata_actor& metadata,
                                      const reaper_actor& reaper_handle,
                                      const std::shared_ptr<const store::blob_store>& blobs) {
  const auto& paths = store.root->paths();
  GANTRY_LET(auto layers, store::numbers::open(paths.layers()));
  GANTRY_LET(auto snapshots, store::numbers::open(paths.snapshots()));
  snapshot_parts parts{paths,
                       blobs,
                       std::make_shared<store::numbers>(std::move(layers)),
                       std::make_shared<store::numbers>(std::move(snapshots)),
                       metadata,
                       reaper_handle};
  return system.spawn<caf::detached>(snapshot, std::move(parts), folders_of(store.records));
}

volumes_actor spawn_volumes(caf::actor_system& system, opened_store& store, const metadata_actor& metadata,
                            const events_actor& listeners, const reaper_actor& reaper_handle) {
  auto reap = [reaper_handle](std::string path) { tell(reaper_handle, delete_tree{std::move(path)}); };
  return system.spawn<caf::detached>(volumes, volumes_parts{store.root->paths(), metadata, listeners, reap},
                                     store.records.volumes);
}

/// `images` spawns its pullers and pushers with the other actors' handles; its own it passes along.
images_actor spawn_images(caf::actor_system& system, opened_store& store, puller_parts for_pullers,
                          std::shared_ptr<pod_boards> boards) {
  images_parts parts{for_pullers.metadata,
                     for_pullers.snapshot,
                     for_pullers.events,
                     [&system, for_pullers](const images_actor& self) {
                       auto own = for_pullers;
                       own.images = self;
                       return system.spawn(puller, std::move(own));
                     },
                     [&system, with = pusher_parts{for_pullers.admission, for_pullers.transfer, for_pullers.snapshot,
                                                   for_pullers.events}] { return system.spawn(pusher, with); },
                     std::move(boards)};
  return system.spawn(images, std::move(parts), store.records.images, store.records.names);
}

std::vector<network_definition> networks_of(const store::everything& records) {
  std::vector<network_definition> networks;
  for (const auto& record : records.networks) {
    auto network = network_from_json(record.json);
    if (network)
      networks.push_back(std::move(*network));
    else
      spdlog::error("network {}: {}", to_string(record.name), network.error().message);
  }
  return networks;
}

std::vector<launcher_actor> spawn_launchers(caf::actor_system& system, const engine_options& options,
                                            const engine_config& config) {
  std::vector<launcher_actor> launchers;
  auto count = options.monitors != 0 ? options.monitors : std::max(1U, std::thread::hardware_concurrency());
  for (std::uint32_t i = 0; i < count; ++i)
    launchers.push_back(system.spawn<caf::detached>(
        launcher, monitor::location{config.monitor_program, config.run_dir, i, options.niceness}));
  return launchers;
}

} // namespace

result<spawned_engine> spawn_engine(caf::actor_system& system, const engine_options& options,
                                    std::shared_ptr<const engine_config> config, opened_store& store) {
  GANTRY_LET(auto opened_blobs, store::blob_store::open(config->root));
  auto blobs = std::make_shared<const store::blob_store>(std::move(opened_blobs));
  auto parts = std::make_shared<engine_parts>();
  engine_crew crew;
  parts->config = config;
  parts->events = system.spawn(events);
  parts->admission = system.spawn(admission, limits_of(options, extractor_count()));
  parts->catalog = system.spawn(catalog, parts->boards);
  parts->metadata = system.spawn<caf::detached>(metadata, store.database);
  crew.reaper = system.spawn<caf::detached>(reaper);
  GANTRY_LET(parts->snapshot, spawn_snapshot(system, store, parts->metadata, crew.reaper, blobs));
  store::client_options registries;
  registries.insecure_registries = options.insecure_registries;
  crew.transfer = system.spawn(transfer, std::move(registries), blobs);
  for (std::uint32_t i = 0; i < extractor_count(); ++i)
    crew.extractors.push_back(system.spawn<caf::detached>(
        layer_extractor, layer_extractor_state{config->paths, blobs, crew.transfer, store::layer_limits{}}));
  parts->volumes = spawn_volumes(system, store, parts->metadata, parts->events, crew.reaper);
  parts->images = spawn_images(
      system, store,
      {parts->admission, crew.transfer, parts->snapshot, parts->metadata, {}, parts->events, crew.extractors},
      parts->boards);
  crew.archives = system.spawn(
      archives, archives_parts{parts->admission, parts->images, parts->snapshot, parts->events, blobs, config->paths});
  parts->launchers = spawn_launchers(system, options, *config);
  crew.names = system.spawn<caf::detached>(name_server, names_of(options), parts->launchers.front());
  crew.links = system.spawn<caf::detached>(links);
  network_parts networks{bridge_of(options), network::unique_local_of(config->id),
                         parts->launchers,   parts->metadata,
                         parts->events,      crew.names,
                         crew.links};
  parts->network = system.spawn(network_supervisor, std::move(networks), networks_of(store.records));
  parts->pod_network = system.spawn(pod_network_supervisor, pod_networks_of(options), parts->launchers);
  parts->cgroups = system.spawn<caf::detached>(cgroups, config->facts.cgroups, config->driver);
  parts->devices = system.spawn<caf::detached>(devices, options.cdi_spec_dirs);
  crew.pods = system.spawn(pods, std::shared_ptr<const engine_parts>(parts));
  crew.files =
      system.spawn(files, [&system, to = parts->events] { return system.spawn<caf::detached>(files_worker, to); });
  crew.writable_usage = system.spawn<caf::detached>(writable_usage, config->paths);
  auto launchers = parts->launchers;
  return spawned_engine{system.spawn(engine_supervisor, std::shared_ptr<const engine_parts>(parts), crew), launchers};
}

} // namespace gantry
