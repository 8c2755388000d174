#include <cerrno>

#include "tests/actors/container_stage.hpp"

namespace gantry::test {

using namespace std::chrono_literals;

TEST_CASE("start: the launched container runs, with the pid that its monitor gave") {
  container_stage s;
  CHECK(s.launch().ok());
  auto row = s.row();
  CHECK(row.state.now == phase::running);
  CHECK(row.state.pid == 1000);
  CHECK(s.actions() == std::vector<std::string>{"create", "start"});
  CHECK(s.has_free_slot(work_kind::launch));
  CHECK(s.play.started.front().bundle == "/run/gantry-test/bundles/docker-" + s.name.id);
  std::vector<std::string> files;
  for (const auto& [file, content] : s.play.started.front().files) files.push_back(file);
  CHECK(files == std::vector<std::string>{"hosts", "resolv.conf", "hostname"});
}

TEST_CASE("start: of a container that runs or is starting says EALREADY and does no harm") {
  container_stage s;
  s.play.held.insert("launcher.start_container");
  auto first = s.launch();
  CHECK(s.launch().why().os_errno == EALREADY);
  s.release("launcher.start_container");
  CHECK(first.ok());
  CHECK(s.launch().why().os_errno == EALREADY);
  CHECK(s.play.count("launcher.start_container") == 1);
  CHECK(s.row().state.now == phase::running);
}

TEST_CASE("start: one that fails leaves the container as it was, with the runtime's words, and can be tried again") {
  container_stage s;
  s.play.fail("launcher.start_container");
  auto failed = s.launch();
  CHECK(failed.why().code == errc::unavailable);
  auto row = s.row();
  CHECK(row.state.now == phase::created);
  CHECK(row.state.error == failed.why().message);
  CHECK(s.has_free_slot(work_kind::launch));
  CHECK(s.play.asked("sandbox.container_stopped"));
  CHECK(s.play.asked("launcher.delete_container"));
  s.play.failures.clear();
  CHECK(s.launch().ok());
  CHECK(s.row().state.error.empty());
}

TEST_CASE("start: CDI devices are looked for anew each time, and the document is built with what they are then") {
  container_stage s(true, [](cast&, container_options& options) { options.cdi_devices = {"v.com/c=d"}; });
  auto has = [&](const std::string& variable) {
    return s.play.started.back().config_json.find("\"" + variable + "\"") != std::string::npos;
  };
  s.play.device_state = "-now";
  CHECK(s.launch().ok());
  CHECK(has("DEVICE=v.com/c=d-now"));
  s.exit(0);
  s.play.device_state = "-later";
  CHECK(s.launch().ok());
  CHECK(has("DEVICE=v.com/c=d-later"));
  CHECK(s.play.count("devices.find_devices") == 3);
}

TEST_CASE("start: of a container whose CDI device has gone fails, and leaves nothing behind") {
  container_stage s(true, [](cast&, container_options& options) { options.cdi_devices = {"v.com/c=d"}; });
  s.play.fail("devices.find_devices");
  CHECK(s.launch().why().message == "devices.find_devices failed");
  CHECK(s.row().state.now == phase::created);
  CHECK(s.has_free_slot(work_kind::launch));
  CHECK_FALSE(s.play.asked("launcher.start_container"));
}

TEST_CASE("start: the first one has the document that the creation was checked by; later ones build it anew") {
  container_stage s;
  s.config->cgroup_parent = "/now"; // tells a document that is built now
  auto is_new = [&] { return s.play.started.back().config_json.find("/now/") != std::string::npos; };
  launch_container with_network{{"/proc/7/fd/9", "", "", "", "", {}}, "client"};
  SECTION("at once") {
    s.launch();
    CHECK_FALSE(is_new());
    s.exit(0);
    s.launch();
    CHECK(is_new());
  }
  SECTION("some while later") {
    s.on.say(s.container, forget_document{});
    s.launch();
    CHECK(is_new());
  }
  SECTION("in namespaces that were made for it") {
    CHECK(s.on.ask<done>(s.container, with_network).ok());
    CHECK(is_new());
    CHECK_THAT(s.play.started.back().config_json, contains("/proc/7/fd/9"));
  }
}

TEST_CASE("start: a monitor that does not answer in time fails it, and can be tried again") {
  container_stage s;
  s.play.failures["launcher.start_container"] = {errc::timeout, "the monitor did not answer in time", 0};
  CHECK(s.launch().why().code == errc::timeout);
  CHECK(s.has_free_slot(work_kind::launch));
  s.play.failures.clear();
  CHECK(s.launch().ok());
}

TEST_CASE("stop: the stop signal ends it, the exit is published, and the answer comes then") {
  container_stage s;
  s.launch();
  CHECK(s.stop().ok());
  CHECK(s.play.signals == std::vector<int>{SIGTERM});
  auto row = s.row();
  CHECK(row.state.now == phase::exited);
  CHECK(row.state.exit_code == 143);
  CHECK(row.state.pid == 0);
  CHECK(s.play.asked("launcher.delete_container"));
  CHECK(s.play.asked("sandbox.container_stopped"));
}

static std::vector<bool> is_untouched(const container_stage& s) {
  std::vector<bool> all;
  for (const auto& request : s.play.deleted) all.push_back(request.untouched);
  return all;
}

TEST_CASE("end: the monitor hears whether another container may have been in the namespaces") {
  container_stage s;
  CHECK(s.on.ask<done>(s.container, join_namespaces{}).why().code == errc::failed_precondition);
  s.launch();
  s.stop();
  s.launch();
  CHECK(s.on.ask<done>(s.container, join_namespaces{}).ok());
  s.stop();
  s.launch();
  s.stop();
  CHECK(is_untouched(s) == std::vector<bool>{true, false, true});
}

TEST_CASE("end: the monitor hears whether the limits are no more what the container was started with") {
  container_stage s;
  s.launch();
  resource_limits limits;
  limits.memory = 64 << 20;
  CHECK(s.on.ask<updated>(s.container, update_container{limits, {}}).ok());
  s.stop();
  s.launch();
  s.stop();
  CHECK(is_untouched(s) == std::vector<bool>{false, true});
}

TEST_CASE("stop: escalates to SIGKILL after the timeout") {
  container_stage s;
  s.play.deadly = {SIGKILL};
  s.launch();
  auto stopping = s.stop(7);
  s.on.advance(6900ms);
  CHECK_FALSE(stopping.here());
  CHECK(s.play.signals == std::vector<int>{SIGTERM});
  s.on.advance(200ms);
  CHECK(stopping.ok());
  CHECK(s.play.signals == std::vector<int>{SIGTERM, SIGKILL});
  CHECK(s.row().state.exit_code == 137);
}

TEST_CASE("stop: the image's stop signal, the container's and the request's, each over the one before") {
  container_stage s(true, [](cast& c, container_options& options) {
    c.of->config.stop_signal = "SIGUSR1";
    options.stop_signal = "SIGQUIT";
  });
  s.play.deadly = {SIGINT};
  s.launch();
  auto first = s.stop(-1), second = s.on.ask<done>(s.container, stop_container{-1, "INT"});
  CHECK(s.play.signals == std::vector<int>{SIGQUIT, SIGINT});
  CHECK(first.ok());
  CHECK(second.ok());
}

TEST_CASE("stop: without a timeout never kills") {
  container_stage s;
  s.play.deadly = {};
  s.launch();
  auto stopping = s.stop(-1);
  s.on.advance(24h);
  CHECK_FALSE(stopping.here());
  CHECK(s.play.signals == std::vector<int>{SIGTERM});
}

TEST_CASE("stop: what even SIGKILL does not end is reported, and the container stays as it is") {
  container_stage s;
  s.play.deadly = {};
  s.launch();
  auto stopping = s.stop(1);
  s.on.advance(1s);
  s.on.advance(11s);
  CHECK(stopping.why().code == errc::timeout);
  CHECK(s.row().state.now == phase::running);
}

TEST_CASE("stop: a reminder of an earlier life kills no later one") {
  container_stage s;
  s.launch();
  CHECK(s.stop(5).ok());
  s.launch();
  s.on.advance(6s);
  CHECK(s.play.signals == std::vector<int>{SIGTERM});
  CHECK(s.row().state.now == phase::running);
}

TEST_CASE("stop: of what has exited says EALREADY") {
  container_stage s;
  CHECK(s.stop().why().os_errno == EALREADY);
  s.launch();
  s.exit(0);
  CHECK(s.stop().why().os_errno == EALREADY);
}

TEST_CASE("stop: a paused container is resumed, so that the signal reaches it") {
  container_stage s;
  s.launch();
  CHECK(s.on.ask<done>(s.container, pause_container{}).ok());
  CHECK(s.stop().ok());
  CHECK(s.play.in_order("launcher.signal_process", "launcher.resume_container"));
}

TEST_CASE("stop: one that is paused while it is asked to end is resumed when it is killed") {
  container_stage s;
  s.play.deadly = {SIGKILL};
  s.launch();
  auto stopping = s.stop(5);
  CHECK(s.on.ask<done>(s.container, pause_container{}).ok());
  s.on.advance(6s);
  CHECK(stopping.ok());
  CHECK(s.play.asked("launcher.resume_container"));
}

TEST_CASE("kill: a paused container is resumed after SIGKILL, which a frozen process does not take") {
  container_stage s;
  s.play.deadly = {};
  s.launch();
  CHECK(s.on.ask<done>(s.container, pause_container{}).ok());
  SECTION("SIGKILL") {
    auto killing = s.on.ask<done>(s.container, kill_container{"KILL"});
    CHECK_FALSE(killing.here());
    CHECK(s.play.in_order("launcher.signal_process", "launcher.resume_container"));
  }
  SECTION("a removal by force") {
    auto removing = s.on.ask<done>(s.container, remove_container{true, false});
    CHECK_FALSE(removing.here());
    CHECK(s.play.in_order("launcher.signal_process", "launcher.resume_container"));
  }
  SECTION("another signal waits until the container is unpaused") {
    CHECK(s.on.ask<done>(s.container, kill_container{"HUP"}).ok());
    CHECK_FALSE(s.play.asked("launcher.resume_container"));
    CHECK(s.row().state.now == phase::paused);
  }
}

TEST_CASE("kill: an unknown signal is refused and nothing is sent") {
  container_stage s;
  s.launch();
  auto refused = s.on.ask<done>(s.container, kill_container{"SIGNONE"});
  CHECK(refused.why().code == errc::invalid_argument);
  CHECK(s.play.signals.empty());
  CHECK(s.row().state.now == phase::running);
}

TEST_CASE("kill: of what does not run is refused, SIGKILL answers at the exit, others at once") {
  container_stage s;
  CHECK(s.on.ask<done>(s.container, kill_container{"KILL"}).why().code == errc::failed_precondition);
  s.launch();
  CHECK(s.on.ask<done>(s.container, kill_container{"HUP"}).ok());
  CHECK(s.row().state.now == phase::running);
  CHECK(s.on.ask<done>(s.container, kill_container{"9"}).ok());
  CHECK(s.row().state.now == phase::exited);
  CHECK(s.play.signals == std::vector<int>{SIGHUP, SIGKILL});
}

TEST_CASE("pause: only what runs, and only once; unpause only what is paused") {
  container_stage s;
  CHECK(s.on.ask<done>(s.container, pause_container{}).why().code == errc::failed_precondition);
  s.launch();
  CHECK(s.on.ask<done>(s.container, unpause_container{}).why().code == errc::failed_precondition);
  CHECK(s.on.ask<done>(s.container, pause_container{}).ok());
  CHECK(s.row().state.now == phase::paused);
  CHECK(s.on.ask<done>(s.container, pause_container{}).why().code == errc::failed_precondition);
  CHECK(s.launch().why().code == errc::failed_precondition);
  CHECK(s.on.ask<done>(s.container, unpause_container{}).ok());
  CHECK(s.row().state.now == phase::running);
}

TEST_CASE("wait: answers at once when it does not run, else at the exit; a next exit is waited for") {
  container_stage s;
  using condition = wait_container::condition;
  CHECK(s.on.ask<exit_report>(s.container, wait_container{}).ok());
  auto next = s.on.ask<exit_report>(s.container, wait_container{condition::next_exit});
  auto removed = s.on.ask<exit_report>(s.container, wait_container{condition::removed});
  s.launch();
  auto ended = s.on.ask<exit_report>(s.container, wait_container{});
  CHECK_FALSE(next.here());
  CHECK_FALSE(ended.here());
  s.exit(3);
  CHECK(ended.value().exit_code == 3);
  CHECK(next.value().exit_code == 3);
  CHECK_FALSE(removed.here());
  CHECK(s.on.ask<done>(s.container, remove_container{}).ok());
  CHECK(removed.value().exit_code == 3);
}

TEST_CASE("an exit that is told twice counts once, and a status nobody knows is said to be so") {
  container_stage s;
  s.launch();
  s.on.say(s.container, container_process_exited{"", 255, true, true, 5});
  s.exit(0);
  auto row = s.row();
  CHECK(row.state.exit_code == 255);
  CHECK(row.state.oom_killed);
  CHECK_FALSE(row.state.error.empty());
  CHECK(s.actions() == std::vector<std::string>{"create", "start", "oom", "die"});
}

TEST_CASE("wait: one whose client has gone is forgotten") {
  container_stage s;
  s.launch();
  auto client = s.on.spawn([to = s.container](caf::event_based_actor* self) {
    self->request(to, caf::infinite, wait_container{}).then([](const exit_report&) {}, [](const caf::error&) {});
  });
  s.on.run();
  auto* supervisor = caf::actor_cast<caf::abstract_actor*>(s.container);
  const auto& waiting =
      dynamic_cast<container_supervisor_actor::stateful_base<container_supervisor_state>&>(*supervisor).state.waiting;
  CHECK(waiting.size() == 1);
  s.on.crash(client);
  CHECK(waiting.empty());
}

TEST_CASE("a start waits until what is left of the life before is cleaned up") {
  container_stage s;
  s.launch();
  s.play.held.insert("launcher.delete_container");
  s.exit(0);
  auto again = s.launch();
  CHECK_FALSE(again.here());
  CHECK(s.play.count("launcher.start_container") == 1);
  CHECK(s.launch().why().os_errno == EALREADY);
  s.release("launcher.delete_container");
  CHECK(again.ok());
}

TEST_CASE("end: the monitor keeps the exit until the record has it") {
  container_stage s;
  s.launch();
  s.play.held.insert("metadata.put_container_state");
  s.exit(3);
  CHECK(s.row().state.exit_code == 3);
  CHECK_FALSE(s.play.asked("launcher.delete_container"));
  SECTION("it is written") { s.release("metadata.put_container_state"); }
  SECTION("it cannot be written: what is left is taken away all the same") {
    s.play.fail("metadata.put_container_state");
    s.release("metadata.put_container_state");
  }
  CHECK(s.play.count("launcher.delete_container") == 1);
}

TEST_CASE("end: one that is being removed is not written any more") {
  container_stage s;
  s.launch();
  s.play.held.insert("metadata.put_container_state");
  auto removed = s.remove(true);
  CHECK(s.play.asked("launcher.delete_container"));
  CHECK(removed.ok());
}

TEST_CASE("rename: the new name leads to it and the old one is free; a taken one is refused") {
  container_stage s;
  CHECK(s.on.ask<done>(s.container, rename_container{"other"}).ok());
  CHECK(s.row().display_name == "other");
  CHECK(s.find("other").name == s.name);
  CHECK_FALSE(s.on.ask<found_container>(s.parts->catalog, find_container{docker_namespace, "web"}).ok());
  CHECK(s.on.ask<done>(s.container, rename_container{"other"}).why().code == errc::already_exists);
}

TEST_CASE("volumes: mounted with each life, and unmounted before its end is told") {
  container_stage s(true, [](cast&, container_options& options) {
    mount_request volume;
    volume.type = mount_request::kind::volume;
    volume.source = "data";
    volume.target = "/data";
    options.mounts.push_back(volume);
  });
  auto told = [&s](const std::string& action) {
    return std::count_if(s.happened.begin(), s.happened.end(), [&](const event& e) {
      return e.type == event::subject::volume && e.action == action && e.attributes.at("container") == s.name.id;
    });
  };
  SECTION("that ends") {
    s.launch();
    CHECK(told("mount") == 1);
    CHECK(told("unmount") == 0);
    s.exit(0);
    CHECK(s.actions() == std::vector<std::string>{"create", "mount", "start", "unmount", "die"});
  }
  SECTION("that does not come to be") {
    s.play.fail("launcher.start_container");
    CHECK_FALSE(s.launch().ok());
    CHECK(told("mount") == 1);
    CHECK(told("unmount") == 1);
  }
}

} // namespace gantry::test
