#include "tests/actors/whole_engine.hpp"

namespace gantry::test {

TEST_CASE("engine: a container's life leaves no row, no record and no folder") {
  whole_engine e;
  auto name = e.create("bridge").value().name;
  (void)e.hops_of<done>(start_container{"client"});
  must(sys::make_directories(e.config->paths.container_dir(name), 0700)); // as the log of one that says something
  auto found = e.look().value();
  CHECK(e.on.ask<done>(found.container, remove_container{true, true}).ok());
  CHECK(e.table()->rows.empty());
  auto records = e.on.ask<all_records>(e.parts->metadata, load_records{}).value();
  CHECK(records->containers.empty());
  CHECK(records->sandboxes.empty());
  CHECK_FALSE(exists(e.config->paths.container_dir(name)));
  CHECK(e.play.asked("network.detach_network"));
}

TEST_CASE("engine: an image that is mounted, whole or in part, is kept while its container is there") {
  whole_engine e;
  const auto layer = e.config->paths.layer_path(1);
  must(sys::make_directories(layer + "/data", 0755));
  create_container request{{docker_namespace, ""}, "web", {}, "client"};
  request.options.image = "alpine";
  request.options.network_mode = "host";
  mount_request whole, part;
  whole.type = part.type = mount_request::kind::image;
  whole.source = part.source = "alpine";
  whole.target = "/whole", part.target = "/part", part.sub_path = "data";
  request.options.mounts = {whole, part};
  const auto name = e.on.ask<created>(e.engine, request).value().name;
  const auto mounts = e.row().mounts;
  REQUIRE(mounts.size() == 2);
  CHECK(mounts[0].layers == std::vector<std::string>{layer});
  CHECK(mounts[1].layers == std::vector<std::string>{layer + "/data"});
  for (const auto& mount : mounts) {
    CHECK(mount.type == "image");
    CHECK(mount.read_only);
    CHECK(mount.image == e.one.id);
    CHECK(mount.layer_folders == std::vector<std::uint64_t>{1});
  }
  const remove_image removal{docker_namespace, "alpine", false};
  CHECK(e.on.ask<removed_image>(e.parts->images, removal).why().code == errc::failed_precondition);
  CHECK(e.on.ask<done>(e.look().value().container, remove_container{true, true}).ok());
  CHECK(e.on.ask<removed_image>(e.parts->images, removal).ok());
}

TEST_CASE("engine: a part of an image that is not there is refused, and nothing is left") {
  whole_engine e;
  create_container request{{docker_namespace, ""}, "web", {}, "client"};
  request.options.image = "alpine";
  mount_request part;
  part.type = mount_request::kind::image;
  part.source = "alpine", part.target = "/part", part.sub_path = "none";
  request.options.mounts = {part};
  const auto refused = e.on.ask<created>(e.engine, request);
  CHECK(refused.why().code == errc::invalid_argument);
  CHECK_THAT(refused.why().message, contains("none"));
  CHECK(e.table()->rows.empty());
  CHECK(e.on.ask<removed_image>(e.parts->images, remove_image{docker_namespace, "alpine", false}).ok());
}

TEST_CASE("engine: what a creation built is forgotten after half a minute") {
  whole_engine e;
  (void)e.create().value();
  auto late = GENERATE(false, true);
  e.on.advance(std::chrono::seconds(late ? 30 : 9));
  e.config->cgroup_parent = "/now"; // tells a document that is built now
  (void)e.hops_of<done>(start_container{"client"});
  bool is_new = e.play.started.back().config_json.find("/now/") != std::string::npos;
  CHECK(is_new == late);
}

TEST_CASE("engine: a supervisor that crashes is made anew on the truth; others do not notice") {
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

TEST_CASE("engine: a supervisor that crashes while it creates gives back name and slot") {
  whole_engine e;
  e.play.held.insert("devices.find_devices");
  create_container request{{docker_namespace, ""}, "web", {}, "client"};
  request.options.image = "alpine";
  request.options.cdi_devices = {"vendor.com/class=one"};
  auto creating = e.on.ask<created>(e.engine, request);
  CHECK_FALSE(creating.here());
  CHECK_FALSE(e.has_free_slot(work_kind::creation));
  e.on.crash(e.look().value().container);
  CHECK_FALSE(e.look().ok());
  CHECK(e.create().ok());
  CHECK(e.has_free_slot(work_kind::creation));
}

TEST_CASE("engine: a creation that waits for its turn has no name yet; refused, it has left nothing") {
  whole_engine e;
  auto holder = e.on.spawn([](caf::event_based_actor*) -> caf::behavior { return {[](int) {}}; });
  (void)e.on.ask<slot>(e.parts->admission, acquire_slot{work_kind::creation, "other", holder.address()});
  auto waiting = e.create();
  CHECK_FALSE(waiting.here());
  CHECK_FALSE(e.look().ok());
  const auto at_once = GENERATE(false, true);
  if (at_once) {
    e.on.crash(holder);
    CHECK(waiting.ok());
    CHECK(e.look().ok());
  } else {
    e.on.advance(longest_wait + std::chrono::seconds(1));
    CHECK(waiting.why().code == errc::exhausted);
    e.on.crash(holder);
    CHECK_FALSE(e.look().ok());
  }
  CHECK(e.has_free_slot(work_kind::creation));
}

TEST_CASE("engine: a name that is taken is refused by the second of two that come together") {
  whole_engine e;
  create_container request{{docker_namespace, ""}, "web", {}, "client"};
  request.options.image = "alpine";
  auto first = e.on.ask_later<created>(e.engine, request), second = e.on.ask_later<created>(e.engine, request);
  e.on.run();
  CHECK(first.ok() != second.ok());
  CHECK(e.table()->rows.size() == 1);
}

TEST_CASE("engine: recovery finishes each container on what its monitor says, in parallel") {
  whole_engine e;
  recover_engine found;
  for (char digit : {'1', '2', '3'}) {
    auto record = sample_container(std::string(64, digit), std::string("c") + digit);
    record.image_id = e.one.id;
    record.state.now = phase::running;
    record.state.pid = 4321;
    found.containers.push_back(record);
  }
  e.play.entries = {{found.containers[0].name, 77, 7, false, 0, false, 3, 0},
                    {found.containers[1].name, 0, 0, true, 9, false, 3, 4},
                    {container_key('9'), 99, 9, false, 0, false, 3, 0}};
  CHECK(e.on.ask<done>(e.engine, found).ok());
  auto state_of = [&](const std::string& name) { return e.find(name).view->state; };
  CHECK(state_of("c1").now == phase::running);
  CHECK(state_of("c1").pid == 77);
  CHECK(state_of("c2").exit_code == 9);
  CHECK(state_of("c3").exit_code == 255);
  CHECK(e.play.count("launcher.delete_container") == 3); // c2, c3, and the one that no record knows
}

} // namespace gantry::test
