#include "tests/actors/container_stage.hpp"

namespace gantry::test {
namespace {

struct exec_stage : container_stage {
  exec_stage() { launch(); }
  answer<exec_session> make() {
    exec_options options;
    options.args = {"/bin/true"};
    options.attach_stdout = true;
    return on.ask<exec_session>(container, create_exec{options});
  }
  answer<stream_ticket> run(const std::string& id, bool detach = false) {
    return on.ask<stream_ticket>(container, start_exec{id, detach, {}});
  }
  exec_session look(const std::string& id) { return on.ask<exec_session>(container, inspect_exec{id}).value(); }
  void end(const std::string& id, int code) { on.say(container, container_process_exited{id, code, false, false, 9}); }
};

} // namespace

TEST_CASE("exec: a session runs once, gives a way to its bytes, and keeps its exit code") {
  exec_stage s;
  auto id = s.make().value().id;
  CHECK(s.on.ask<found_container>(s.parts->catalog, find_exec{docker_namespace, id}).value().name == s.name);
  CHECK(s.run(id).value().token == "token");
  CHECK(s.look(id).running);
  CHECK(s.run(id).why().code == errc::failed_precondition);
  s.end(id, 5);
  CHECK_FALSE(s.look(id).running);
  CHECK(s.look(id).exit_code == 5);
}

TEST_CASE("exec: a detached one opens no stream") {
  exec_stage s;
  CHECK(s.run(s.make().value().id, true).value().token.empty());
  CHECK_FALSE(s.play.asked("launcher.open_stream"));
}

TEST_CASE("exec: a session is killed alone, and its container goes on") {
  exec_stage s;
  auto id = s.make().value().id;
  CHECK(s.run(id).ok());
  CHECK(s.on.ask<done>(s.container, kill_container{"SIGKILL", id}).ok());
  CHECK(s.play.exec_signals[id] == SIGKILL);
  CHECK(s.play.signals.empty());
  s.exit(0);
  CHECK_FALSE(s.row().state.stopped_by_user);
}

TEST_CASE("exec: only in a container that runs") {
  exec_stage s;
  auto id = s.make().value().id;
  (void)s.on.ask<done>(s.container, pause_container{});
  CHECK(s.make().why().code == errc::failed_precondition);
  CHECK(s.run(id).why().code == errc::failed_precondition);
  (void)s.on.ask<done>(s.container, unpause_container{});
  s.exit(0);
  CHECK(s.make().why().code == errc::failed_precondition);
  CHECK(s.run("nope").why().code == errc::not_found);
}

TEST_CASE("exec: a terminal has the size that its creation names, unless its start names another") {
  container_stage s;
  s.launch();
  exec_options options;
  options.args = {"sh"};
  options.tty = true;
  options.console = {24, 80};
  auto id = s.on.ask<exec_session>(s.container, create_exec{options}).value().id;
  SECTION("as created") {
    CHECK(s.on.ask<stream_ticket>(s.container, start_exec{id, true, {}}).ok());
    CHECK(s.play.executed.back().console_height == 24);
    CHECK_THAT(s.play.executed.back().process_json, contains(R"("consoleSize":{"height":24,"width":80})"));
  }
  SECTION("as started") {
    CHECK(s.on.ask<stream_ticket>(s.container, start_exec{id, true, {5, 6}}).ok());
    CHECK(s.play.executed.back().console_width == 6);
    CHECK_THAT(s.play.executed.back().process_json, contains(R"("consoleSize":{"height":5,"width":6})"));
  }
}

TEST_CASE("exec: one that the runtime refuses has ended with 127, or 126 where permission is denied") {
  exec_stage s;
  auto id = s.make().value().id;
  int code = 127;
  SECTION("not found") { s.play.fail("launcher.exec_process"); }
  SECTION("denied") {
    code = 126;
    s.play.failures["launcher.exec_process"] = {errc::unavailable, "exec /etc: permission denied", 0};
  }
  CHECK(s.run(id).why().code == errc::unavailable);
  CHECK_FALSE(s.look(id).running);
  CHECK(s.look(id).exit_code == code);
}

TEST_CASE("exec: sessions end with their container") {
  exec_stage s;
  auto id = s.make().value().id;
  (void)s.run(id);
  s.exit(0);
  CHECK_FALSE(s.look(id).running);
  CHECK(s.look(id).exit_code == 137);
}

TEST_CASE("exec: one that is starting when its container is removed is answered") {
  exec_stage s;
  auto id = s.make().value().id;
  s.play.held.insert("launcher.exec_process");
  auto starting = s.run(id);
  CHECK_FALSE(starting.here());
  CHECK(s.on.ask<done>(s.container, remove_container{true}).ok());
  CHECK(starting.why().code == errc::not_found);
}

TEST_CASE("log: it goes on in a fresh file while the container runs") {
  container_stage s;
  CHECK(s.on.ask<done>(s.container, reopen_container_log{}).why().code == errc::failed_precondition);
  s.launch();
  CHECK(s.on.ask<done>(s.container, reopen_container_log{}).ok());
  CHECK(s.play.asked("launcher.reopen_log"));
}

TEST_CASE("exec: their number is bounded; ended ones make room") {
  exec_stage s;
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < max_execs; ++i) ids.push_back(s.make().value().id);
  CHECK(s.make().why().code == errc::exhausted);
  (void)s.run(ids[7], true);
  CHECK(s.make().why().code == errc::exhausted); // it still runs
  s.end(ids[7], 0);
  CHECK(s.make().ok());
  CHECK_FALSE(s.on.ask<found_container>(s.parts->catalog, find_exec{docker_namespace, ids[7]}).ok());
  CHECK(s.on.ask<exec_session>(s.container, inspect_exec{ids[7]}).why().code == errc::not_found);
}

TEST_CASE("exec: who asks when the stream has ended learns the exit code, though the exit comes by another way") {
  exec_stage s;
  auto id = s.make().value().id;
  (void)s.run(id).value();
  s.play.held.insert("launcher.signal_process");
  auto asked = s.on.ask<exec_session>(s.container, inspect_exec{id});
  CHECK_FALSE(asked.here());
  s.end(id, 6); // a monitor says this before it answers
  s.release("launcher.signal_process");
  CHECK_FALSE(asked.value().running);
  CHECK(asked.value().exit_code == 6);
}

TEST_CASE("exec: a removed container's sessions are forgotten by the catalog") {
  exec_stage s;
  auto id = s.make().value().id;
  CHECK(s.remove(true).ok());
  CHECK_FALSE(s.on.ask<found_container>(s.parts->catalog, find_exec{docker_namespace, id}).ok());
}

} // namespace gantry::test
