#include "runtime/monitor/idle_cgroups.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <functional>

#include <nlohmann/json.hpp>

#include "runtime/native/cgroup_reuse.hpp"
#include "runtime/sys/files.hpp"
#include "tests/catch.hpp"
#include "tests/runtime/monitor/leftovers.hpp"
#include "tests/runtime/monitor/monitor_fixture.hpp"

namespace {

using namespace gantry;
using namespace gantry::test;
using nlohmann::json;

/// Containers of a native launcher whose cgroups may be used again, unless `change` says otherwise.
struct group_launches {
  monitor_fixture m;
  int made = 0;

  using change = std::function<void(json&)>;
  monitor::start_container container(const change& changed = {}, std::int64_t memory = 64 << 20) {
    auto what = m.container("g" + std::to_string(++made), {.args = {"sleep", "1000"}, .memory = memory});
    what.runtime.native = true;
    what.runtime.path.clear();
    auto config = json::parse(what.config_json);
    config["linux"]["seccomp"] = json::parse(R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[
      {"names":["unshare","clone3"],"action":"SCMP_ACT_ERRNO"},
      {"names":["clone"],"action":"SCMP_ACT_ERRNO",
       "args":[{"index":0,"value":268435456,"valueTwo":268435456,"op":"SCMP_CMP_MASKED_EQ"}]}]})");
    if (changed) changed(config);
    what.config_json = config.dump();
    return what;
  }

  /// The container's cgroup in the hierarchy of memory, by what renaming does not change.
  [[nodiscard]] std::uint64_t group_of(const monitor::start_container& what) const {
    const auto path = json::parse(what.config_json)["linux"]["cgroupsPath"].get<std::string>();
    struct stat status {};
    CHECK(::stat(cgroup::of_host()->folder_of("memory", path).c_str(), &status) == 0);
    return status.st_ino;
  }
  /// Starts it, lets `during` act, removes it.
  std::uint64_t live(const monitor::start_container& what, bool untouched = true,
                     const std::function<void()>& during = {}) {
    (void)m.must<monitor::started>(what);
    const auto group = group_of(what);
    if (during) during();
    (void)m.must<monitor::done>(monitor::delete_container{what.container, what.runtime, what.bundle, untouched});
    return group;
  }
  /// Idle cgroups that the host has now, in the hierarchy of memory.
  [[nodiscard]] std::size_t count_idle() const {
    const auto folder = cgroup::of_host()->folder_of("memory", "/gantry-test/" + container_namespace(::getpid()));
    std::size_t count = 0;
    std::error_code gone;
    for (const auto& one : std::filesystem::directory_iterator(folder, gone))
      count += one.path().filename().string().starts_with("idle-");
    return count;
  }
};

bool has_reuse() { return cgroup::of_host() != nullptr && native::can_reuse_cgroups(*cgroup::of_host()); }

} // namespace

TEST_CASE("cgroups: those of a container which has gone serve the next of the same limits", "[root]") {
  if (!has_reuse()) return;
  group_launches l;
  const auto first = l.live(l.container());
  CHECK(l.count_idle() == 1);
  CHECK(l.live(l.container({}, 32 << 20)) != first);
  CHECK(l.live(l.container()) == first);
}

TEST_CASE("cgroups: two containers at a time have two", "[root]") {
  if (!has_reuse()) return;
  group_launches l;
  (void)l.live(l.container());
  const auto outer = l.container(), inner = l.container();
  std::uint64_t second = 0;
  CHECK(l.live(outer, true, [&] { second = l.live(inner); }) != second);
}

TEST_CASE("cgroups: they end with their container when the engine does not vouch for it", "[root]") {
  if (!has_reuse()) return;
  group_launches l;
  (void)l.live(l.container(), false);
  CHECK(l.count_idle() == 0);
}

TEST_CASE("cgroups: they end with a container that had a way to write to them", "[root]") {
  if (!has_reuse()) return;
  group_launches l;
  const auto which = GENERATE(0, 1, 2, 3, 4);
  CAPTURE(which);
  const auto with_more = [&](json& config) {
    if (which == 0)
      for (const auto* set : {"bounding", "effective", "permitted"})
        config["process"]["capabilities"][set].push_back("CAP_SYS_ADMIN");
    if (which == 1) config["linux"].erase("seccomp");
    if (which == 2) config["linux"]["seccomp"]["syscalls"].erase(1); // a clone with new users
    if (which == 3)
      config["mounts"].push_back({{"destination", "/host"}, {"type", "bind"}, {"source", "/"}, {"options", {"bind"}}});
    if (which == 4) config["mounts"].push_back({{"destination", "/groups"}, {"type", "cgroup"}, {"source", "cgroup"}});
  };
  (void)l.live(l.container(with_more));
  CHECK(l.count_idle() == 0);
}

TEST_CASE("cgroups: they end with a container in which an exec session had more rights", "[root]") {
  if (!has_reuse()) return;
  group_launches l;
  const auto what = l.container();
  (void)l.live(what, true, [&] {
    auto process = json::parse(what.config_json)["process"];
    process["args"] = {"true"};
    process["capabilities"]["bounding"].push_back("CAP_SYS_ADMIN");
    (void)l.m.must<monitor::started>(monitor::exec_process{what.container, "e", process.dump()});
    CHECK(l.m.exited().wait(what.container.id, "e").exit_code == 0);
  });
  CHECK(l.count_idle() == 0);
}

TEST_CASE("cgroups: what a monitor that was killed had idle goes with the next one's start", "[root]") {
  if (!has_reuse()) return;
  group_launches l;
  (void)l.live(l.container());
  REQUIRE(l.count_idle() == 1);
  l.m.kill_monitor();
  CHECK(l.count_idle() == 1);
  l.m.start_monitor();
  l.m.connect();
  const auto later = l.container();
  (void)l.live(later, false); // its cgroups were removed by the worker that looked first
  CHECK(l.count_idle() == 0);
}

TEST_CASE("cgroups: idle ones that a start does not come to take go with its failure", "[root]") {
  if (!has_reuse()) return;
  group_launches l;
  (void)l.live(l.container());
  REQUIRE(l.count_idle() == 1);
  const auto failing = l.container([](json& config) {
    for (auto& one : config["linux"]["namespaces"])
      if (one["type"] == "network") one["path"] = "/no/such/namespace";
  });
  CHECK_FALSE(l.m.ask(failing));
  CHECK(l.count_idle() == 0);
}

TEST_CASE("cgroups: none is kept that the record does not name", "[root]") {
  if (!has_reuse()) return;
  group_launches l;
  const auto record = l.m.run_dir() + "/monitor/0.cgroups";
  std::filesystem::create_directory(record); // cannot be written to
  for (int turn = 0; turn < 2; ++turn) {
    (void)l.live(l.container());
    CHECK(l.count_idle() == 0);
  }
  std::filesystem::remove(record);
  (void)l.live(l.container());
  CHECK(l.count_idle() == 1);
}

TEST_CASE("cgroups: no more are idle than the bound says", "[root]") {
  if (!has_reuse()) return;
  group_launches l;
  std::vector<monitor::start_container> all;
  for (std::size_t n = 0; n < monitor::idle_cgroups::limit + 2; ++n) {
    all.push_back(l.container());
    (void)l.m.must<monitor::started>(all.back());
  }
  for (const auto& one : all)
    (void)l.m.must<monitor::done>(monitor::delete_container{one.container, one.runtime, one.bundle, true});
  CHECK(l.count_idle() == monitor::idle_cgroups::limit);
}
