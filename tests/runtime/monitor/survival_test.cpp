#include <csignal>

#include "runtime/sys/files.hpp"
#include "tests/catch.hpp"
#include "tests/runtime/monitor/monitor_fixture.hpp"

namespace {

using namespace gantry;
using namespace gantry::test;

TEST_CASE("a new engine finds what the old one left, with its exits", "[root]") {
  monitor_fixture m;
  auto started = m.must<monitor::started>(m.container("stays", {.args = {"sleep", "1000"}}));
  (void)m.must<monitor::started>(m.container("ends", {.args = {"sh", "-c", "exit 3"}}));
  (void)m.exited().wait("ends");
  m.disconnect();
  m.connect();
  auto list = m.must<monitor::container_list>(monitor::list_containers{}).containers;
  REQUIRE(list.size() == 2);
  for (const auto& entry : list) {
    CHECK(entry.exited == (entry.container.id == "ends"));
    CHECK(entry.exit_code == (entry.exited ? 3 : 0));
    if (!entry.exited) CHECK(entry.pid == started.pid);
  }
}

TEST_CASE("a new connection replaces the old one", "[root]") {
  monitor_fixture m;
  auto old_pid = m.client().pid();
  m.connect();
  CHECK(m.client().pid() == old_pid);
  CHECK(m.ask(monitor::list_containers{}));
}

TEST_CASE("containers outlive their monitor and are adopted by the next one", "[root]") {
  monitor_fixture m;
  auto what = m.container(
      "tough", {.args = {"sh", "-c", "trap 'echo tock; exit 11' TERM; while :; do echo tick; sleep 0.05; done"}});
  auto started = m.must<monitor::started>(what);
  m.kill_monitor();
  m.start_monitor();
  m.connect();
  CHECK(m.must<monitor::container_list>(monitor::list_containers{}).containers.empty());
  CHECK(sys::process_start_time(started.pid) == started.pid_start_time);
  CHECK(m.ask(monitor::adopt_container{what, started.pid, started.pid_start_time}));
  CHECK(m.ask(monitor::adopt_container{what, started.pid, started.pid_start_time}).error().code ==
        errc::already_exists);
  CHECK(m.ask(monitor::signal_process{m.name("tough"), "", SIGTERM}));
  auto end = m.exited().wait("tough");
  CHECK((end.status_unknown || end.exit_code == 11)); // Linux 6.15 knows
  CHECK_THAT(m.log_text("tough"), contains("tock"));
}

TEST_CASE("a container that ended without a monitor is told as ended, its status unknown", "[root]") {
  monitor_fixture m;
  auto what = m.container("lost", {.args = {"sleep", "1000"}});
  auto started = m.must<monitor::started>(what);
  m.kill_monitor();
  ::kill(started.pid, SIGKILL);
  m.start_monitor();
  m.connect();
  CHECK(m.ask(monitor::adopt_container{what, started.pid, started.pid_start_time}));
  auto end = m.exited().wait("lost");
  CHECK((end.status_unknown || end.exit_code == 137));
}

TEST_CASE("a monitor with containers does not shut down", "[root]") {
  monitor_fixture m;
  (void)m.must<monitor::started>(m.container("here", {.args = {"sleep", "1000"}}));
  CHECK(m.ask(monitor::shut_down{}).error().code == errc::failed_precondition);
}

TEST_CASE("two monitors of one index do not run", "[root]") {
  monitor_fixture m;
  CHECK_THROWS(m.start_monitor());
}

} // namespace
