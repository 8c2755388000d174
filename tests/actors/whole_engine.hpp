#pragma once

#include "actors/catalog.hpp"
#include "actors/engine_supervisor.hpp"
#include "actors/images.hpp"
#include "actors/metadata.hpp"
#include "actors/pods.hpp"
#include "actors/snapshot.hpp"
#include "actors/volumes.hpp"
#include "store/root.hpp"
#include "tests/actors/cast.hpp"
#include "tests/store/sample_records.hpp"

namespace gantry::test {

/// An engine of real actors; fake are a monitor and the network's plugins alone.
struct whole_engine : cast {
  temporary_folder store_folder;
  store::root root = must(store::root::open(store_folder / "root"));
  engine_actor engine;
  image one = sample_image(1);

  whole_engine() {
    const auto& paths = root.paths();
    config->root = paths.root();
    config->paths = paths;
    must(sys::make_directories(paths.layer_path(1), 0755));
    one.layer_folders = {1};
    one.config.cmd = {"/bin/true"};
    auto database = std::make_shared<store::database>(must(store::database::open(paths.database())));
    must(database->apply(std::vector<store::change>{store::put_image{one, {sample_name("alpine", one)}}}));
    parts->metadata = on.spawn(metadata, database);
    auto numbers = [](const std::string& folder_of_kind) {
      return std::make_shared<store::numbers>(must(store::numbers::open(folder_of_kind)));
    };
    engine_crew crew;
    crew.reaper = on.spawn(reaper);
    crew.pods = on.spawn(pods, std::shared_ptr<const engine_parts>(parts));
    snapshot_parts snapshots{paths,
                             std::make_shared<const store::blob_store>(must(store::blob_store::open(paths.root()))),
                             numbers(paths.layers()),
                             numbers(paths.snapshots()),
                             parts->metadata,
                             crew.reaper};
    parts->snapshot = on.spawn(snapshot, snapshots, std::vector<layer_folder>{});
    auto reap = [to = crew.reaper](std::string path) { tell(to, delete_tree{std::move(path)}); };
    parts->volumes =
        on.spawn(volumes, volumes_parts{paths, parts->metadata, parts->events, reap}, std::vector<volume_record>{});
    images_parts for_images{parts->metadata, parts->snapshot, parts->events, {}};
    parts->images =
        on.spawn(images, for_images, std::vector<image>{one}, std::vector<image_name>{sample_name("alpine", one)});
    engine = on.spawn(engine_supervisor, std::shared_ptr<const engine_parts>(parts), crew);
  }

  answer<created> create(const std::string& network = "host") {
    create_container request{{docker_namespace, ""}, "web", {}, "client"};
    request.options.image = "alpine";
    request.options.network_mode = network;
    return on.ask<created>(engine, request);
  }
  answer<found_container> look(const std::string& name = "web") {
    return on.ask<found_container>(parts->catalog, find_container{docker_namespace, name});
  }
  /// A call that names a container: the catalog's hop, and those that follow.
  template<class Reply, class Request>
  std::size_t hops_of(Request request) {
    auto found = look();
    answer<Reply> answered = [&] {
      if constexpr (std::is_same_v<Request, start_container>)
        return on.ask<Reply>(found.value().sandbox, request);
      else
        return on.ask<Reply>(found.value().container, request);
    }();
    (void)answered.value();
    return found.hops() + answered.hops();
  }
};

} // namespace gantry::test
