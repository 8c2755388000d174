#include "actors/admission.hpp"
#include "actors/container_supervisor.hpp"
#include "tests/actors/cast.hpp"

namespace gantry::test {
namespace {

struct creation_stage : cast {
  sandbox_supervisor_actor sandbox = on.spawn(fake_sandbox, &play);
  container_supervisor_actor container;
  create_container request{container_key(), "web", {}, "client"};

  creation_stage() {
    request.options.image = "alpine";
    container = on.spawn(container_supervisor, std::shared_ptr<const engine_parts>(parts), sandbox);
  }
  answer<created> create() { return on.ask<created>(container, request); }

  /// Nothing of a creation that failed is left.
  void check_undone() {
    CHECK_FALSE(on.ask<found_container>(parts->catalog, find_container{docker_namespace, "web"}).ok());
    CHECK(table()->rows.empty());
    CHECK(has_free_slot(work_kind::creation));
    CHECK(play.asked("images.release_image"));
    CHECK(play.asked("volumes.release_mounts anonymous"));
    CHECK(play.asked("sandbox.remove_sandbox"));
    CHECK(play.count("snapshot.remove_snapshot") == (play.asked("snapshot.prepare_snapshot") ? 1U : 0U));
    CHECK(actions().empty());
    CHECK(on.ask<done>(container, unpause_container{}).why().code == errc::unavailable); // it has ended
  }
};

} // namespace

TEST_CASE("create: name, image, snapshot and record are made, and the container is listed") {
  creation_stage s;
  CHECK(s.create().value().name == container_key());
  auto row = s.row();
  CHECK(row.display_name == "web");
  CHECK(row.snapshot == 5);
  CHECK(row.image_id == s.of->id);
  CHECK(row.args == std::vector<std::string>{"/bin/sleep", "inf"});
  CHECK(row.state.now == phase::created);
  CHECK(s.play.count("metadata.new_container") == 1);
  CHECK(s.actions() == std::vector<std::string>{"create"});
  CHECK(s.has_free_slot(work_kind::creation));
}

TEST_CASE("create: a read-only container gets no snapshot, one without volumes asks for none") {
  creation_stage s;
  s.request.options.read_only_rootfs = true;
  CHECK(s.create().ok());
  CHECK_FALSE(s.play.asked("snapshot.prepare_snapshot"));
  CHECK_FALSE(s.play.asked("volumes.acquire_mounts"));
}

TEST_CASE("create: the image's volumes are anonymous ones where the user put nothing else") {
  creation_stage s;
  s.of->config.volumes = {"/data", "/other"};
  mount_request mine;
  mine.type = mount_request::kind::volume;
  mine.source = "named";
  mine.target = "/data";
  s.request.options.mounts = {mine};
  CHECK(s.create().ok());
  auto mounts = s.row().mounts;
  REQUIRE(mounts.size() == 2);
  CHECK_FALSE(mounts[0].anonymous);
  CHECK(mounts[1].target == "/other");
  CHECK(mounts[1].anonymous);
}

TEST_CASE("create: images that are mounted are used as the container's own is, and the volumes are told of them") {
  creation_stage s;
  mount_request mount;
  mount.type = mount_request::kind::image;
  mount.source = "mounted";
  mount.target = "/image";
  s.request.options.mounts = {mount};
  SECTION("they are there") {
    CHECK(s.create().ok());
    CHECK(s.play.in_order("images.use_image mounted", "volumes has the image mounted"));
  }
  SECTION("one is not: that is no \"not found\", which docker's client would pull the container's image for") {
    s.play.failures["images.use_image mounted"] = {errc::not_found, "No such image: mounted", 0};
    const auto refused = s.create();
    CHECK(refused.why().code == errc::invalid_argument);
    CHECK_THAT(refused.why().message, contains("/image: No such image: mounted: pull it first"));
    CHECK_FALSE(s.play.asked("volumes.acquire_mounts"));
    s.check_undone();
  }
}

TEST_CASE("create: CDI devices are looked for, and one that is not known is told before anything is recorded") {
  creation_stage s;
  s.request.options.cdi_devices = {"v.com/c=d"};
  SECTION("known") {
    CHECK(s.create().ok());
    CHECK(s.play.count("devices.find_devices") == 1);
  }
  SECTION("not known") {
    s.play.fail("devices.find_devices");
    CHECK(s.create().why().message == "devices.find_devices failed");
    CHECK_FALSE(s.play.asked("metadata.new_container"));
    s.check_undone();
  }
}

TEST_CASE("create: a creation that fails at any step is undone whole") {
  creation_stage s;
  s.of->config.volumes = {"/data"};
  SECTION("no such image") { s.play.fail("images.use_image"); }
  SECTION("no snapshot") { s.play.fail("snapshot.prepare_snapshot"); }
  SECTION("no volumes") { s.play.fail("volumes.acquire_mounts"); }
  SECTION("no record") { s.play.fail("metadata.new_container"); }
  auto answered = s.create();
  CHECK(answered.why().code == errc::unavailable);
  // A snapshot that could not be prepared is not there to be removed.
  if (s.play.failures.contains("snapshot.prepare_snapshot")) {
    CHECK_FALSE(s.play.asked("snapshot.remove_snapshot"));
    s.play.calls.push_back("snapshot.remove_snapshot");
  }
  s.check_undone();
}

TEST_CASE("create: options that cannot be are refused at once, with nothing left") {
  creation_stage s;
  SECTION("an unknown runtime") { s.request.options.runtime = "nope"; }
  SECTION("an unknown capability") { s.request.options.cap_add = {"NO_SUCH_CAPABILITY"}; }
  CHECK(s.create().why().code == errc::invalid_argument);
  s.check_undone();
}

TEST_CASE("create: a name that is taken is refused, and stays with its container") {
  creation_stage s;
  CHECK(s.create().ok());
  auto second =
      s.on.spawn(container_supervisor, std::shared_ptr<const engine_parts>(s.parts), s.on.spawn(fake_sandbox, &s.play));
  s.request.name = container_key('d');
  auto refused = s.on.ask<created>(second, s.request);
  CHECK(refused.why().code == errc::already_exists);
  CHECK(s.find("web").name == container_key('c'));
  CHECK(s.table()->rows.size() == 1);
  CHECK(s.has_free_slot(work_kind::creation));
}

TEST_CASE("create: what the engine itself is slow at is waited for") {
  creation_stage s;
  s.play.held.insert("metadata.new_container");
  auto waiting = s.create();
  s.on.advance(std::chrono::hours(1));
  CHECK_FALSE(waiting.here());
  s.release("metadata.new_container");
  CHECK(waiting.ok());
}

TEST_CASE("create: one that waits too long for a slot is undone, and takes no slot later") {
  creation_stage s;
  auto holder = s.on.spawn([](caf::event_based_actor*) -> caf::behavior { return {[](int) {}}; });
  auto held = s.on.ask<slot>(s.parts->admission, acquire_slot{work_kind::creation, "other", holder.address()});
  auto waiting = s.create();
  CHECK_FALSE(waiting.here());
  s.on.advance(longest_wait + std::chrono::seconds(1));
  CHECK(waiting.why().code == errc::exhausted);
  s.on.say(s.parts->admission, release_slot{held.value()});
  s.check_undone();
}

} // namespace gantry::test
