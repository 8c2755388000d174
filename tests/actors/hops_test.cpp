#include "actors/catalog.hpp"
#include "actors/engine_supervisor.hpp"
#include "actors/images.hpp"
#include "actors/metadata.hpp"
#include "actors/snapshot.hpp"
#include "actors/volumes.hpp"
#include "store/root.hpp"
#include "tests/actors/cast.hpp"
#include "tests/store/sample_records.hpp"

// "At most six mailbox hops in sequence for one API call" (a hop: stage.hpp). Every call of a door that names a
// container first asks the catalog for it: that hop is counted here, too.

namespace gantry::test {
namespace {

constexpr std::size_t most = 6;

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
    snapshot_parts snapshots{paths,
                             std::make_shared<const store::blob_store>(must(store::blob_store::open(paths.root()))),
                             numbers(paths.layers()),
                             numbers(paths.snapshots()),
                             parts->metadata,
                             crew.reaper};
    parts->snapshot = on.spawn(snapshot, snapshots, std::vector<layer_folder>{});
    auto reap = [to = crew.reaper](std::string path) { tell(to, delete_tree{std::move(path)}); };
    parts->volumes = on.spawn(volumes, volumes_parts{paths, parts->metadata, reap}, std::vector<volume_record>{});
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

} // namespace

TEST_CASE("hops: create, start on the host's network, stop and remove each take at most six in sequence") {
  whole_engine e;
  auto created_in = e.create().hops();
  auto started_in = e.hops_of<done>(start_container{"client"});
  auto stopped_in = e.hops_of<done>(stop_container{});
  auto removed_in = e.hops_of<done>(remove_container{});
  CAPTURE(created_in, started_in, stopped_in, removed_in);
  CHECK(created_in <= most);
  CHECK(started_in <= most);
  CHECK(stopped_in <= most);
  CHECK(removed_in <= most);
  // A count that counts nothing would pass, too.
  CHECK(created_in >= 4);
  CHECK(started_in >= 4);
}

TEST_CASE("hops: lists and inspect are one, whatever the number of containers and whatever they do") {
  whole_engine e;
  (void)e.create().value();
  e.play.held.insert("launcher.start_container"); // one that hangs
  (void)e.on.ask<done>(e.look().value().sandbox, start_container{"client"});
  CHECK(e.on.ask<container_table_ptr>(e.parts->catalog, list_containers{docker_namespace}).hops() == 1);
  CHECK(e.look().hops() == 1);
  CHECK(e.on.ask<image_list>(e.parts->images, list_images{docker_namespace}).hops() == 1);
}

TEST_CASE("hops: kill, pause, wait and exec") {
  whole_engine e;
  (void)e.create().value();
  (void)e.hops_of<done>(start_container{"client"});
  CHECK(e.hops_of<done>(pause_container{}) <= most);
  CHECK(e.hops_of<done>(unpause_container{}) <= most);
  exec_options options;
  options.args = {"/bin/true"};
  auto session = e.on.ask<exec_session>(e.look().value().container, create_exec{options}).value();
  CHECK(e.hops_of<stream_ticket>(start_exec{session.id, false, 0, 0}) <= most);
  CHECK(e.hops_of<done>(kill_container{"KILL"}) <= most);
  CHECK(e.hops_of<exit_report>(wait_container{}) == 2);
}

TEST_CASE("an engine of real actors: a container's life leaves no row, no record and no folder") {
  whole_engine e;
  auto name = e.create("bridge").value().name;
  (void)e.hops_of<done>(start_container{"client"});
  CHECK(exists(e.config->paths.container_dir(name)));
  auto found = e.look().value();
  CHECK(e.on.ask<done>(found.container, remove_container{true, true}).ok());
  CHECK(e.table()->rows.empty());
  auto records = e.on.ask<all_records>(e.parts->metadata, load_records{}).value();
  CHECK(records->containers.empty());
  CHECK(records->sandboxes.empty());
  CHECK_FALSE(exists(e.config->paths.container_dir(name)));
  CHECK(e.play.asked("network.detach_network"));
}

TEST_CASE("an engine of real actors: a supervisor that crashes is made anew on the truth; others do not notice") {
  whole_engine e;
  auto name = e.create().value().name;
  (void)e.hops_of<done>(start_container{"client"});
  auto before = e.look().value();
  e.on.crash(before.container);
  auto after = e.look().value();
  CHECK(after.name == name);
  CHECK(after.container != before.container);
  CHECK(after.view->state.now == phase::exited); // its monitor knows nothing of it
  CHECK(e.on.ask<done>(after.container, remove_container{}).ok());
  CHECK(e.table()->rows.empty());
}

} // namespace gantry::test
