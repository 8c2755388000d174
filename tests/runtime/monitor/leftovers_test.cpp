#include "tests/runtime/monitor/leftovers.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "runtime/cgroup/remove.hpp"
#include "runtime/sys/files.hpp"
#include "tests/catch.hpp"
#include "tests/runtime/monitor/monitor_fixture.hpp"

namespace {

using namespace gantry;
using namespace gantry::test;

/// A test of a process of its own, with a container that runs: tells its folder, and waits to be killed.
[[noreturn]] void begin_a_test(int tell) {
  try {
    monitor_fixture m;
    (void)m.must<monitor::started>(m.container("left", {.args = {"sleep", "1000"}}));
    if (sys::write_all(tell, m.dir()) && ::close(tell) == 0)
      for (;;) ::pause();
  } catch (const std::exception&) {
  }
  ::_exit(1);
}

} // namespace

TEST_CASE("what a killed test of the monitor left is swept, and what a living one uses is not", "[root]") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const sys::unique_fd reading(ends[0]);
  sys::unique_fd writing(ends[1]);
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) begin_a_test(writing.get());
  writing.reset();
  const auto folder = sys::read_all(reading.get(), 4096, "the folder").value();
  monitor_fixture living;
  ::kill(pid, SIGKILL);
  REQUIRE(::waitpid(pid, nullptr, 0) == pid);
  REQUIRE(std::filesystem::exists(folder));
  const auto cgroups = "/gantry-test/" + container_namespace(pid);
  REQUIRE(cgroup::of_host() != nullptr);
  CHECK_FALSE(cgroup::processes(*cgroup::of_host(), cgroups).empty());

  sweep_leftovers();
  CHECK_FALSE(std::filesystem::exists(folder));
  CHECK(sys::read_file("/proc/self/mountinfo", 16 << 20)->find(folder) == std::string::npos);
  for (const auto& left : cgroup::of_host()->folders_of(cgroups)) CHECK_FALSE(std::filesystem::exists(left));
  CHECK(living.run("still", {.args = {"true"}}).exit_code == 0);
}
