#include <sys/stat.h>

#include "tests/catch.hpp"
#include "tests/runtime/monitor/monitor_fixture.hpp"

namespace {

using namespace gantry;
using namespace gantry::test;

TEST_CASE("a program of the host gets input and environment and gives output and exit code", "[root]") {
  monitor_fixture m;
  auto result = m.must<monitor::process_result>(monitor::run_process{
      {"/bin/sh", "-c", "cat; echo $NAME >&2; exit 3"}, {"NAME=value", "PATH=/bin:/usr/bin"}, "in\n"});
  CHECK(result.output == "in\n");
  CHECK(result.error_output == "value\n");
  CHECK(result.exit_code == 3);
}

TEST_CASE("a program of the host is killed at its deadline, with its children", "[root]") {
  monitor_fixture m;
  monitor::run_process what{{"/bin/sh", "-c", "sleep 1000; true"}, {"PATH=/bin:/usr/bin"}, ""};
  what.timeout = std::chrono::milliseconds(50);
  auto answer = m.ask(what);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == errc::timeout);
}

TEST_CASE("too much output is cut off, and the program goes on", "[root]") {
  monitor_fixture m;
  monitor::run_process what{{"/bin/sh", "-c", "head -c 3000000 /dev/zero; exit 0"}, {"PATH=/bin:/usr/bin"}, ""};
  what.max_output = 1000;
  auto result = m.must<monitor::process_result>(what);
  CHECK(result.output.size() == 1000);
  CHECK(result.exit_code == 0);
}

TEST_CASE("a program that is not there is said to be so", "[root]") {
  monitor_fixture m;
  auto result = m.must<monitor::process_result>(monitor::run_process{{"/no/such/program"}, {}, ""});
  CHECK(result.exit_code == 127);
  CHECK_THAT(result.error_output, contains("/no/such/program"));
}

TEST_CASE("a network namespace is another than the host's, its loopback is up, and it is kept", "[root]") {
  monitor_fixture m;
  auto made = m.must<monitor::namespace_path>(monitor::make_network_namespace{m.name("sandbox")});
  struct stat ours {
  }, theirs{};
  REQUIRE(::stat("/proc/self/ns/net", &ours) == 0);
  REQUIRE(::stat(made.path.c_str(), &theirs) == 0);
  CHECK(ours.st_ino != theirs.st_ino);
  CHECK(m.must<monitor::namespace_path>(monitor::make_network_namespace{m.name("sandbox")}).path == made.path);
  auto shown = m.must<monitor::process_result>(monitor::run_process{
      {"/usr/bin/nsenter", "--net=" + made.path, "/bin/cat", "/proc/net/if_inet6"}, {"PATH=/bin:/usr/bin"}, ""});
  CHECK_THAT(shown.output, contains("lo"));
  CHECK(m.ask(monitor::drop_network_namespace{m.name("sandbox")}));
  CHECK(m.ask(monitor::drop_network_namespace{m.name("sandbox")}));
}

} // namespace
