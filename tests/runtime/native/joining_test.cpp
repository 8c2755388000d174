#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <iostream>

#include "runtime/native/launch.hpp"
#include "runtime/native/parse_plan.hpp"
#include "tests/runtime/native/bundle.hpp"

using namespace gantry;
using namespace gantry::native;
using test::bundle;
using test::options_of;
using test::plan_of;

namespace {

std::string namespace_of(pid_t pid, const char* kind) {
  char text[64] = {};
  const auto path = "/proc/" + std::to_string(pid) + "/ns/" + kind;
  return ::readlink(path.c_str(), text, sizeof text - 1) > 0 ? text : "";
}

} // namespace

TEST_CASE("a process that another one makes for us is our child", "[native][root]") {
  bundle from;
  from.set_script("exit 6");
  const auto plan = plan_of(from);
  auto cgroups = make_cgroups(test::facts().cgroups, from.cgroup(), plan.resources);
  REQUIRE(cgroups);
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const pid_t zygote = ::fork();
  if (zygote == 0) {
    auto options = options_of(from, *cgroups);
    options.sibling = true;
    const auto made = launch_init(plan, {}, options);
    const pid_t pid = made ? made->pid : -1;
    ::_exit(::write(ends[1], &pid, sizeof pid) == sizeof pid ? 0 : 1);
  }
  pid_t pid = -1;
  REQUIRE(::read(ends[0], &pid, sizeof pid) == sizeof pid);
  REQUIRE(pid > 0);
  int status = 0;
  CHECK(::waitpid(zygote, &status, 0) == zygote);
  CHECK(::waitpid(pid, &status, __WALL) == pid);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 6);
  ::close(ends[0]);
  ::close(ends[1]);
  REQUIRE(remove_cgroups(test::facts().cgroups, from.cgroup()));
}

TEST_CASE("a container joins the namespaces of another", "[native][root]") {
  bundle first({"sleep", "50"}), second({"sleep", "50"});
  REQUIRE(first.start().code == 0);
  const auto pid = nlohmann::json::parse(first.oci({"state", first.id()}).text)["pid"].get<pid_t>();
  second.config.erase("hostname");
  second.config["linux"].erase("sysctl");
  for (auto& one : second.config["linux"]["namespaces"]) {
    const auto type = one["type"].get<std::string>();
    const auto* file = type == "network" ? "net" : type.c_str();
    if (type != "mount" && type != "cgroup") one["path"] = "/proc/" + std::to_string(pid) + "/ns/" + file;
  }
  REQUIRE(second.start().code == 0);
  const auto other = nlohmann::json::parse(second.oci({"state", second.id()}).text)["pid"].get<pid_t>();
  for (const auto* kind : {"net", "ipc", "uts", "pid"}) CHECK(namespace_of(pid, kind) == namespace_of(other, kind));
  CHECK(namespace_of(pid, "mnt") != namespace_of(other, "mnt"));
  CHECK(second.oci({"exec", second.id(), "readlink", "/proc/self/ns/uts"}).text == namespace_of(pid, "uts") + "\n");
}

TEST_CASE("the launcher's own namespaces for children are as before", "[native][root]") {
  bundle first({"sleep", "50"}), second;
  REQUIRE(first.start().code == 0);
  const auto pid = nlohmann::json::parse(first.oci({"state", first.id()}).text)["pid"].get<pid_t>();
  auto plan = plan_of(second);
  for (auto& one : plan.namespaces)
    if (one.flag == CLONE_NEWPID) one.path = "/proc/" + std::to_string(pid) + "/ns/pid";
  auto cgroups = make_cgroups(test::facts().cgroups, second.cgroup(), plan.resources);
  REQUIRE(cgroups);
  auto made = launch_init(plan, {}, options_of(second, *cgroups));
  REQUIRE(made);
  CHECK(wait_started(*made));
  CHECK(::waitpid(made->pid, nullptr, 0) == made->pid);
  CHECK(namespace_of(::getpid(), "pid_for_children") == namespace_of(::getpid(), "pid"));
  REQUIRE(remove_cgroups(test::facts().cgroups, second.cgroup()));
}

TEST_CASE("a filter answers ENOSYS for calls that are newer than it", "[native][root]") {
  bundle from({"true"});
  // Only old calls are named, none of which a static program needs more of; the default would be EPERM.
  auto plan = plan_of(from);
  REQUIRE(!plan.seccomp.program.empty());
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    process_plan process;
    process.no_new_privileges = true;
    struct {
      unsigned short length;
      const void* program;
    } filter{static_cast<unsigned short>(plan.seccomp.program.size() / 8), plan.seccomp.program.data()};
    if (::syscall(317 /* seccomp, x86-64 */, 1, 0, &filter) != 0) ::_exit(100);
    ::_exit(::syscall(4000) == -1 ? errno : 0);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
#if defined(__x86_64__)
  CHECK(WEXITSTATUS(status) == ENOSYS);
#endif
}

/// Not a test: how long a container takes here, for whoever changes this.
TEST_CASE("rate of launches", "[.rate]") {
  bundle from({"true"});
  const auto text = from.config.dump();
  constexpr int count = 200;
  std::chrono::nanoseconds parsing{}, groups{}, launching{}, running{}, removing{};
  using clock = std::chrono::steady_clock;
  const auto begin = clock::now();
  for (int i = 0; i < count; ++i) REQUIRE(parse_plan(text));
  const auto alone = clock::now() - begin;
  for (int i = 0; i < count; ++i) {
    auto at = clock::now();
    const auto lap = [&at](std::chrono::nanoseconds& into) {
      const auto now = clock::now();
      into += now - at;
      at = now;
    };
    auto plan = parse_plan(text);
    REQUIRE(plan);
    plan = decode_container_plan(encode(*plan));
    plan->root = from.rootfs();
    lap(parsing);
    auto cgroups = make_cgroups(test::facts().cgroups, from.cgroup(), plan->resources);
    REQUIRE(cgroups);
    lap(groups);
    auto made = launch_init(*plan, {}, options_of(from, *cgroups));
    REQUIRE(made);
    lap(launching);
    REQUIRE(wait_started(*made));
    REQUIRE(::waitpid(made->pid, nullptr, 0) == made->pid);
    lap(running);
    REQUIRE(remove_cgroups(test::facts().cgroups, from.cgroup()));
    lap(removing);
  }
  const auto each = [](std::chrono::nanoseconds all) { return all.count() / count / 1000; };
  std::cout << "microseconds a container: parse " << each(parsing) << " (" << each(alone) << " in a row)"
            << ", cgroups " << each(groups) << ", launch " << each(launching) << ", until its end " << each(running)
            << ", remove cgroups " << each(removing) << "\n";
}
