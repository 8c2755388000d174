#include "runtime/native/cgroup_reuse.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <ctime>

#include "runtime/sys/files.hpp"
#include "tests/catch.hpp"

using namespace gantry;
using namespace gantry::native;

namespace {

/// Cgroups of a container with a limit, and the place for idle ones beside it. None where the host cannot rename them.
struct reusable {
  cgroup::layout host = cgroup::detect().value();
  std::string path = "/gantry-test-" + std::to_string(::getpid()), idle = path + "-idle";
  resource_plan resources;

  reusable() { resources.pids = 2; }
  reusable(const reusable&) = delete;
  reusable& operator=(const reusable&) = delete;
  ~reusable() {
    CHECK(remove_cgroups(host, path));
    CHECK(remove_cgroups(host, idle));
  }

  [[nodiscard]] bool possible() const { return can_reuse_cgroups(host); }
  cgroup_handles make() { return make_cgroups(host, path, resources, hierarchies::needed).value(); }
  [[nodiscard]] std::string read(const std::string& place, const char* controller, const char* file) const {
    return sys::read_file(host.folder_of(controller, place) + "/" + file).value_or("none");
  }
  [[nodiscard]] bool is_there(const std::string& place) const {
    return ::access(host.folder_of("pids", place).c_str(), F_OK) == 0;
  }
};

/// Runs it in a process of these cgroups.
template<class Work>
pid_t spawn_in(const cgroup_handles& groups, Work work) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  for (const auto& members : groups.members)
    if (::write(members.get(), "0", 1) != 1) ::_exit(9);
  work();
  ::_exit(0);
}

int status_of(pid_t child) {
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

/// Some 20 ms of processor time.
void spin() {
  const auto end = ::clock() + CLOCKS_PER_SEC / 50;
  while (::clock() < end) continue;
}

} // namespace

TEST_CASE("cgroups that are set aside become those of another container, with its limits", "[root][native]") {
  reusable c;
  if (!c.possible()) return;
  auto groups = c.make();
  CHECK(status_of(spawn_in(groups, spin)) == 0);
  CHECK(c.read(c.path, "cpuacct", "cpuacct.usage") != "0\n");
  REQUIRE(put_cgroups_aside(c.host, c.path, c.idle));
  CHECK_FALSE(c.is_there(c.path));
  CHECK(c.read(c.idle, "cpuacct", "cpuacct.usage") == "0\n");
  CHECK(c.read(c.idle, "pids", "pids.max") == "2\n");

  groups = take_idle_cgroups(c.host, c.idle, c.path, c.resources).value();
  CHECK_FALSE(c.is_there(c.idle));
  const auto child = spawn_in(groups, ::pause);
  for (const auto* controller : {"memory", "cpu", "cpuacct", "pids", "devices", "freezer", "blkio"}) {
    CAPTURE(controller);
    while (c.read(c.path, controller, "cgroup.procs").empty()) ::usleep(1000);
    CHECK(c.read(c.path, controller, "cgroup.procs") == std::to_string(child) + "\n");
  }
  ::kill(child, SIGKILL);
  status_of(child);
}

TEST_CASE("cgroups that somebody is in, or below, are not set aside", "[root][native]") {
  reusable c;
  if (!c.possible()) return;
  const auto groups = c.make();
  SECTION("a process") {
    const auto child = spawn_in(groups, ::pause);
    while (c.read(c.path, "pids", "cgroup.procs").empty()) ::usleep(1000);
    CHECK_FALSE(put_cgroups_aside(c.host, c.path, c.idle));
    ::kill(child, SIGKILL);
    status_of(child);
  }
  SECTION("a cgroup below") {
    REQUIRE(make_cgroups(c.host, c.path + "/below", {}, hierarchies::needed));
    CHECK_FALSE(put_cgroups_aside(c.host, c.path, c.idle));
  }
  CHECK(c.is_there(c.path));
  CHECK_FALSE(c.is_there(c.idle));
}

TEST_CASE("cgroups that have counted what cannot be set back are not set aside", "[root][native]") {
  reusable c;
  if (!c.possible()) return;
  SECTION("forks refused") {
    const auto refused = [] {
      for (int n = 0; n < 2; ++n)
        if (::fork() == 0) ::pause();
      ::kill(0, SIGKILL);
    };
    const auto child = spawn_in(c.make(), [&] {
      ::setsid();
      refused();
    });
    CHECK(WIFSIGNALED(status_of(child)));
    CHECK_THAT(c.read(c.path, "pids", "pids.events"), test::contains("max 1"));
  }
  SECTION("processor time refused") {
    c.resources.cpu_quota = 1000;
    status_of(spawn_in(c.make(), spin));
  }
  SECTION("frozen") {
    (void)c.make();
    REQUIRE(set_frozen(c.host, c.path, freezing::frozen));
  }
  // Those whose processes were killed are empty in a moment.
  for (int n = 0; n < 1000 && !c.read(c.path, "pids", "cgroup.procs").empty(); ++n) ::usleep(1000);
  CHECK_FALSE(put_cgroups_aside(c.host, c.path, c.idle));
  CHECK(c.is_there(c.path));
}

TEST_CASE("idle cgroups that cannot be taken are gone, and the place is as it was", "[root][native]") {
  reusable c;
  if (!c.possible()) return;
  (void)c.make();
  REQUIRE(put_cgroups_aside(c.host, c.path, c.idle));
  const auto taken_place = c.host.folder_of("pids", c.path);
  REQUIRE(::mkdir(taken_place.c_str(), 0755) == 0);
  CHECK(take_idle_cgroups(c.host, c.idle, c.path, c.resources).error().os_errno == EEXIST);
  CHECK_FALSE(c.is_there(c.idle));
  CHECK(c.is_there(c.path));
  CHECK(::access(c.host.folder_of("memory", c.path).c_str(), F_OK) != 0);
}
