#include <algorithm>

#include "tests/actors/container_stage.hpp"

namespace gantry::test {
namespace {

void check_gone(container_stage& s) {
  CHECK(s.table()->rows.empty());
  CHECK_FALSE(s.on.ask<found_container>(s.parts->catalog, find_container{docker_namespace, "web"}).ok());
  for (const auto* call : {"metadata.erase_container", "snapshot.remove_snapshot", "snapshot.remove_container_folder",
                           "sandbox.remove_sandbox", "images.release_image"})
    CHECK(s.play.count(call) == 1);
  CHECK(s.play.in_order("metadata.erase_container", "snapshot.remove_snapshot"));
  CHECK(s.actions().back() == "destroy");
  CHECK(s.on.ask<done>(s.container, pause_container{}).why().code == errc::unavailable); // its actor has ended
}

} // namespace

TEST_CASE("remove: takes the record first, then all that the container had") {
  container_stage s;
  CHECK(s.remove().ok());
  check_gone(s);
}

TEST_CASE("remove: while it runs, is paused or starts is refused, with no harm") {
  container_stage s;
  SECTION("running") { s.launch(); }
  SECTION("paused") {
    s.launch();
    (void)s.on.ask<done>(s.container, pause_container{});
  }
  SECTION("starting") {
    s.play.held.insert("launcher.start_container");
    s.launch();
  }
  CHECK(s.remove().why().code == errc::failed_precondition);
  CHECK_FALSE(s.play.asked("metadata.erase_container"));
  CHECK(s.find("web").name == s.name);
}

TEST_CASE("remove: by force kills first, and removes when the monitor has forgotten it") {
  container_stage s;
  s.launch();
  s.play.held.insert("launcher.delete_container");
  auto removing = s.remove(true);
  CHECK_FALSE(removing.here());
  CHECK(s.play.signals == std::vector<int>{SIGKILL});
  CHECK_FALSE(s.play.asked("metadata.erase_container"));
  s.release("launcher.delete_container");
  CHECK(removing.ok());
  check_gone(s);
}

TEST_CASE("remove: by force of one that is starting leaves nothing running") {
  container_stage s;
  s.play.held.insert("launcher.start_container");
  auto starting = s.launch();
  auto removing = s.remove(true);
  CHECK_FALSE(removing.here());
  s.release("launcher.start_container");
  CHECK(removing.ok());
  check_gone(s);
  CHECK(s.play.signals == std::vector<int>{SIGKILL});
}

TEST_CASE("stop: of one that is starting waits for the start, then stops it") {
  container_stage s;
  s.play.held.insert("launcher.start_container");
  auto starting = s.launch();
  auto stopping = s.stop();
  CHECK_FALSE(stopping.here());
  s.release("launcher.start_container");
  CHECK(starting.ok());
  CHECK(stopping.ok());
  CHECK(s.row().state.now == phase::exited);
}

TEST_CASE("remove: a start that fails meanwhile does not hold up the removal") {
  container_stage s;
  s.play.held.insert("launcher.start_container");
  auto starting = s.launch();
  auto removing = s.remove(true);
  s.play.fail("launcher.start_container");
  s.release("launcher.start_container");
  CHECK_FALSE(starting.ok());
  CHECK(removing.ok());
  check_gone(s);
}

TEST_CASE("remove: who asks again joins the removal under way") {
  container_stage s;
  s.play.held.insert("metadata.erase_container");
  auto first = s.remove(), second = s.remove();
  CHECK_FALSE(second.here());
  s.release("metadata.erase_container");
  CHECK(first.ok());
  CHECK(second.ok());
  check_gone(s);
}

TEST_CASE("remove: a record that cannot be erased leaves the container whole, and it can be tried again") {
  container_stage s;
  s.play.fail("metadata.erase_container");
  CHECK(s.remove().why().code == errc::unavailable);
  CHECK_FALSE(s.play.asked("snapshot.remove_snapshot"));
  CHECK(s.find("web").name == s.name);
  s.play.failures.clear();
  CHECK(s.remove().ok());
}

TEST_CASE("remove: what cannot be deleted on the disk is left to the sweep; the name is free") {
  container_stage s;
  s.play.fail("snapshot.remove_snapshot");
  CHECK(s.remove().ok());
  CHECK(s.table()->rows.empty());
}

TEST_CASE("auto-remove: the container goes with its exit, its anonymous volumes too") {
  container_stage s(true, [](cast&, container_options& options) { options.auto_remove = true; });
  s.launch();
  auto waiting = s.on.ask<exit_report>(s.container, wait_container{wait_container::condition::removed});
  s.exit(4);
  CHECK(waiting.value().exit_code == 4);
  CHECK(s.play.asked("volumes.release_mounts anonymous"));
  check_gone(s);
}

} // namespace gantry::test
