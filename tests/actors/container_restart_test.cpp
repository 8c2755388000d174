#include "tests/actors/container_stage.hpp"

namespace gantry::test {
namespace {

using namespace std::chrono_literals;
using kind = restart_policy::kind;

container_stage::preparation policy(kind name, int maximum = 0) {
  return [=](cast&, container_options& options) { options.restart = {name, maximum}; };
}

} // namespace

TEST_CASE("restart: always, with a back-off that doubles up to a minute") {
  container_stage s(true, policy(kind::always));
  for (int life = 0; life < 12; ++life) {
    s.launch();
    s.exit(0);
    CHECK(s.row().state.now == phase::restarting);
  }
  CHECK(s.play.restarts.front() == 100ms);
  CHECK(s.play.restarts[1] == 200ms);
  CHECK(s.play.restarts[5] == 3200ms);
  CHECK(s.play.restarts.back() == 60s);
  CHECK(s.row().state.restart_count == 12);
  CHECK_FALSE(s.play.asked("sandbox.container_stopped")); // its namespaces are kept
}

TEST_CASE("restart: a life of ten seconds begins the back-off anew") {
  container_stage s(true, policy(kind::always));
  for (int life = 0; life < 3; ++life) {
    s.launch();
    s.exit(1);
  }
  s.launch();
  s.on.advance(9900ms);
  s.exit(1);
  CHECK(s.play.restarts.back() == 800ms);
  s.on.advance(10s); // its back-off is no life
  s.launch();
  s.exit(1);
  CHECK(s.play.restarts.back() == 1600ms);
  s.launch();
  s.on.advance(10s);
  s.exit(1);
  CHECK(s.play.restarts.back() == 100ms);
}

TEST_CASE("restart: on failure only, and no more often than the policy says") {
  container_stage s(true, policy(kind::on_failure, 2));
  for (int life = 0; life < 2; ++life) {
    s.launch();
    s.exit(1);
    CHECK(s.row().state.now == phase::restarting);
  }
  s.launch();
  s.exit(1);
  CHECK(s.row().state.now == phase::exited);
  CHECK(s.play.asked("sandbox.container_stopped"));
}

TEST_CASE("restart: not on failure after success, and never without a policy") {
  container_stage none, success(true, policy(kind::on_failure));
  for (auto* s : {&none, &success}) {
    s->launch();
    s->exit(s == &none ? 1 : 0);
    CHECK(s->row().state.now == phase::exited);
    CHECK(s->play.restarts.empty());
  }
}

TEST_CASE("restart: what a user stopped or killed stays ended") {
  container_stage s(true, policy(kind::always));
  s.launch();
  SECTION("stop") { CHECK(s.stop().ok()); }
  SECTION("kill") { CHECK(s.on.ask<done>(s.container, kill_container{"KILL"}).ok()); }
  CHECK(s.row().state.now == phase::exited);
  CHECK(s.row().state.stopped_by_user);
  CHECK(s.play.restarts.empty());
  CHECK(s.launch().ok()); // and a start lets the policy act again
  s.exit(0);
  CHECK(s.row().state.now == phase::restarting);
}

TEST_CASE("restart: a stop during the back-off ends the waiting, and whoever waited is told") {
  container_stage s(true, policy(kind::always));
  s.launch();
  s.exit(1);
  auto waiting = s.on.ask<exit_report>(s.container, wait_container{});
  CHECK_FALSE(waiting.here());
  CHECK(s.stop().ok());
  CHECK(s.row().state.now == phase::exited);
  CHECK(s.play.asked("sandbox.container_stopped"));
  CHECK(waiting.value().exit_code == 1);
}

TEST_CASE("restart: one in its back-off is not removed without force") {
  container_stage s(true, policy(kind::always));
  s.launch();
  s.exit(1);
  CHECK(s.remove().why().code == errc::failed_precondition);
  CHECK(s.remove(true).ok());
  CHECK(s.table()->rows.empty());
}

} // namespace gantry::test
