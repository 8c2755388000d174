#include <unistd.h>

#include "tests/actors/container_stage.hpp"

namespace gantry::test {
namespace {

using kind = restart_policy::kind;

/// A container as the engine finds it at its start.
struct recovery_stage : container_stage {
  container_record record;
  std::optional<monitor::container_entry> truth;

  explicit recovery_stage(phase recorded) : container_stage(false) {
    record.name = record.sandbox = name;
    record.display_name = "web";
    record.image_id = of->id;
    record.layers = {1};
    record.state.now = recorded;
    record.state.started_at = recorded == phase::created ? 0 : 1;
    if (recorded == phase::running || recorded == phase::paused) record.state.pid = 4321;
  }
  void monitor_says_running() { truth = {name, 77, 7, false, 0, false, 3, 0}; }
  void monitor_says_exited(int code) { truth = {name, 0, 0, true, code, false, 3, 4}; }

  container_state recover() {
    auto view = std::make_shared<const container_record>(record);
    (void)on.ask<done>(parts->catalog, restore_container{view, container, sandbox});
    CHECK(on.ask<done>(container, recover_container{record, truth}).ok());
    return row().state;
  }
};

} // namespace

TEST_CASE("recovery: what runs under its monitor goes on, whatever was recorded") {
  auto recorded = GENERATE(phase::created, phase::starting, phase::running, phase::exited, phase::restarting);
  recovery_stage s(recorded);
  s.monitor_says_running();
  auto state = s.recover();
  CHECK(state.now == phase::running);
  CHECK(state.pid == 77);
  CHECK(s.play.restarts.empty());
  CHECK(s.stop().ok()); // it is watched and reached
  CHECK(s.row().state.now == phase::exited);
}

TEST_CASE("recovery: the images that it has mounted are in use again, as its own is") {
  recovery_stage s(phase::exited);
  resolved_mount mount;
  mount.type = "image";
  mount.image = s.of->id;
  s.record.mounts = {mount, mount};
  s.recover();
  CHECK(s.play.count("images.use_image") == 3);
}

TEST_CASE("recovery: a paused one stays paused") {
  recovery_stage s(phase::paused);
  s.monitor_says_running();
  CHECK(s.recover().now == phase::paused);
}

TEST_CASE("recovery: an exit that nobody heard of is taken from the monitor") {
  auto recorded = GENERATE(phase::created, phase::starting, phase::running, phase::paused, phase::restarting);
  recovery_stage s(recorded);
  s.monitor_says_exited(9);
  auto state = s.recover();
  CHECK(state.now == phase::exited);
  CHECK(state.exit_code == 9);
  CHECK(state.finished_at == 4);
  REQUIRE(s.play.asked("launcher.delete_container"));
  CHECK_FALSE(s.play.deleted.front().untouched); // who joined it before this engine came?
}

TEST_CASE("recovery: what another runtime made is deleted by that, whatever the default is now") {
  auto [maker, path, native] = GENERATE(table<const char*, const char*, bool>(
      {{"/usr/bin/crun", "/usr/bin/crun", false}, {"native", "/usr/sbin/runc", true}, {"", "/usr/sbin/runc", true}}));
  recovery_stage s(phase::running);
  s.config->default_runtime = "native";
  s.config->runtimes["native"] = "/usr/sbin/runc";
  s.record.state.launcher = maker;
  s.monitor_says_exited(0);
  s.recover();
  REQUIRE(s.play.asked("launcher.delete_container"));
  CHECK(s.play.deleted.front().runtime.path == path);
  CHECK(s.play.deleted.front().runtime.native == native);
}

TEST_CASE("recovery: running by the record but with nobody has exited with 255") {
  auto recorded = GENERATE(phase::running, phase::paused);
  recovery_stage s(recorded);
  auto state = s.recover();
  CHECK(state.now == phase::exited);
  CHECK(state.exit_code == 255);
  CHECK_FALSE(state.error.empty());
}

TEST_CASE("recovery: a process that outlived its monitor is adopted by the new one") {
  recovery_stage s(phase::running);
  s.record.state.pid = ::getpid();
  s.record.state.pid_start_time = must(sys::process_start_time(::getpid()));
  SECTION("it goes on") {
    CHECK(s.recover().now == phase::running);
    CHECK(s.play.asked("launcher.adopt_container"));
  }
  SECTION("or its status is not known") {
    s.play.fail("launcher.adopt_container");
    auto state = s.recover();
    CHECK(state.now == phase::exited);
    CHECK(state.exit_code == 255);
  }
}

TEST_CASE("recovery: a start that the crash cut short is a container that was created") {
  recovery_stage s(phase::starting);
  CHECK(s.recover().now == phase::created);
  CHECK(s.play.restarts.empty());
  CHECK(s.launch().ok());
}

TEST_CASE("recovery: what has ended stays so, its exit code too") {
  recovery_stage s(phase::exited);
  s.record.state.exit_code = 6;
  auto state = s.recover();
  CHECK(state.now == phase::exited);
  CHECK(state.exit_code == 6);
  CHECK(s.actions().empty());
}

TEST_CASE("recovery: the restart policy of what does not run") {
  struct expectation {
    kind policy;
    phase recorded;
    bool by_user, restarts;
  };
  auto e = GENERATE(expectation{kind::always, phase::exited, false, true},
                    expectation{kind::unless_stopped, phase::exited, false, true},
                    expectation{kind::unless_stopped, phase::exited, true, false},
                    expectation{kind::on_failure, phase::exited, false, false},
                    expectation{kind::no, phase::exited, false, false},
                    expectation{kind::always, phase::created, false, false},
                    expectation{kind::always, phase::restarting, false, true});
  recovery_stage s(e.recorded);
  s.record.options.restart.name = e.policy;
  s.record.state.stopped_by_user = e.by_user;
  s.recover();
  CHECK(s.play.restarts.size() == (e.restarts ? 1U : 0U));
}

TEST_CASE("recovery: after a power cut the policy applies to what was running") {
  recovery_stage s(phase::running);
  s.record.options.restart.name = kind::on_failure;
  CHECK(s.recover().now == phase::restarting);
  CHECK(s.play.restarts.size() == 1);
}

TEST_CASE("recovery: an auto-removed one that ended meanwhile is removed") {
  recovery_stage s(phase::running);
  s.record.options.auto_remove = true;
  s.monitor_says_exited(0);
  auto view = std::make_shared<const container_record>(s.record);
  (void)s.on.ask<done>(s.parts->catalog, restore_container{view, s.container, s.sandbox});
  CHECK(s.on.ask<done>(s.container, recover_container{s.record, s.truth}).ok());
  CHECK(s.table()->rows.empty());
  CHECK(s.play.asked("metadata.erase_container"));
}

TEST_CASE("recovery: exec works in a container that was found again, by the document in its bundle") {
  recovery_stage s(phase::running);
  s.config->run_dir = s.folder / "run";
  auto bundle = s.folder / "run/bundles/docker-" + s.name.id;
  must(sys::make_directories(bundle, 0700));
  write(bundle + "/config.json", R"({"ociVersion":"1.0.2","process":{"user":{"uid":0,"gid":0},"args":["/bin/sleep"],)"
                                 R"("env":["PATH=/bin"],"cwd":"/"}})");
  s.monitor_says_running();
  s.recover();
  exec_options options;
  options.args = {"/bin/true"};
  auto session = s.on.ask<exec_session>(s.container, create_exec{options}).value();
  CHECK(s.on.ask<stream_ticket>(s.container, start_exec{session.id, true, {}}).ok());
}

TEST_CASE("a monitor that was replaced: its containers are adopted, or have ended unknown") {
  container_stage s;
  s.launch();
  s.on.say(s.container, monitor_replaced{}); // pid 1000 is none of ours
  CHECK(s.row().state.now == phase::exited);
  CHECK(s.row().state.exit_code == 255);
}

} // namespace gantry::test
