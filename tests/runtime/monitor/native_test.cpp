#include <sys/resource.h>

#include <filesystem>

#include "runtime/sys/niceness.hpp"
#include "tests/catch.hpp"
#include "tests/runtime/monitor/monitor_fixture.hpp"

namespace {

using namespace gantry;
using namespace gantry::test;
using options = monitor_fixture::options;

/// A container for the launcher of our own, beside which this OCI runtime stands.
monitor::start_container natively(monitor_fixture& m, const std::string& id, const options& with,
                                  const std::string& other) {
  auto what = m.container(id, with);
  what.runtime.native = true;
  what.runtime.path = other;
  return what;
}

void remove(monitor_fixture& m, const monitor::start_container& what) {
  (void)m.must<monitor::done>(monitor::delete_container{what.container, what.runtime, what.bundle});
}

TEST_CASE("native: a container runs without an OCI runtime", "[root]") {
  monitor_fixture m;
  auto what = natively(m, "own", {.args = {"sh", "-c", "echo out; echo err >&2; sleep 0.3; exit 7"}}, "/no/runtime");
  CHECK(m.must<monitor::started>(what).pid > 1);
  CHECK(std::filesystem::exists(what.bundle + "/native"));
  CHECK(m.exited().wait("own").exit_code == 7);
  CHECK_THAT(m.log_text("own"), contains("out\n"));
  CHECK_THAT(m.log_text("own"), contains("err\n"));
  remove(m, what);
  CHECK_FALSE(std::filesystem::exists(what.bundle));
}

TEST_CASE("native: a program that cannot be executed is told in the words that callers know, and leaves nothing",
          "[root]") {
  monitor_fixture m;
  auto failed = m.ask(natively(m, "nope", {.args = {"no-such-program"}}, ""));
  REQUIRE_FALSE(failed);
  CHECK_THAT(failed.error().message, contains("executable file not found"));
  auto again = natively(m, "nope", {.args = {"true"}}, "");
  CHECK(m.must<monitor::started>(again).pid > 1);
  CHECK(m.exited().wait("nope").exit_code == 0);
  remove(m, again);
}

TEST_CASE("a container's processes do not have the head start that the monitor has", "[root]") {
  monitor_fixture m;
  const auto nice_value = [](pid_t pid) { return ::getpriority(PRIO_PROCESS, static_cast<id_t>(pid)); };
  const auto own = natively(m, "own", {.args = {"sleep", "1000"}}, "");
  const auto other = m.container("other", {.args = {"sleep", "1000"}});
  for (const auto& what : {own, other}) CHECK(nice_value(m.must<monitor::started>(what).pid) == 0);
  CHECK(nice_value(m.client().pid()) == -sys::head_start);
  for (const auto& what : {own, other}) remove(m, what);
}

TEST_CASE("native: what it does not do goes to the OCI runtime, and is refused by name where there is none", "[root]") {
  monitor_fixture m;
  auto with_hook = [&](const std::string& id, const std::string& other) {
    auto what = natively(m, id, {.args = {"true"}}, other);
    what.config_json.insert(1, R"("hooks":{"createRuntime":[{"path":"/bin/true"}]},)");
    return what;
  };
  auto refused = m.ask(with_hook("none", ""));
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, contains("hooks"));
  auto what = with_hook("other", "/usr/sbin/runc");
  CHECK(m.must<monitor::started>(what).pid > 1);
  CHECK_FALSE(std::filesystem::exists(what.bundle + "/native"));
  CHECK(m.exited().wait("other").exit_code == 0);
  remove(m, what);
}

TEST_CASE("native: a monitor that takes over from a dead one goes on with its containers", "[root]") {
  monitor_fixture m;
  auto what = natively(m, "kept", {.args = {"sleep", "1000"}}, "");
  auto process = m.must<monitor::started>(what);
  m.kill_monitor();
  m.start_monitor();
  m.connect();
  (void)m.must<monitor::done>(monitor::adopt_container{what, process.pid, process.pid_start_time});
  CHECK(m.ask(monitor::pause_container{what.container}));
  CHECK(m.ask(monitor::resume_container{what.container}));
  remove(m, what);
  CHECK_FALSE(std::filesystem::exists("/proc/" + std::to_string(process.pid)));
}

} // namespace
