#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/runtime/native/bundle.hpp"

// Namespaces of every kind, new and of others.

using namespace gantry;
using test::bundle;
using test::contains;

namespace {

/// A process in new namespaces of these kinds, until the end of this object's life.
class holder {
public:
  explicit holder(int kinds) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      const bool made = ::unshare(kinds) == 0;
      if (!made || ::write(ends[1], "x", 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    ::close(ends[1]);
    char byte = 0;
    const bool ready = ::read(ends[0], &byte, 1) == 1;
    ::close(ends[0]);
    REQUIRE(ready);
  }
  ~holder() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  holder(const holder&) = delete;
  holder& operator=(const holder&) = delete;

  [[nodiscard]] std::string path(const std::string& name) const {
    return "/proc/" + std::to_string(pid_) + "/ns/" + name;
  }

private:
  pid_t pid_ = -1;
};

std::string link_of(const std::string& path) {
  char text[64] = {};
  return ::readlink(path.c_str(), text, sizeof text - 1) > 0 ? text : "";
}

pid_t pid_of(const bundle& from) {
  return nlohmann::json::parse(from.oci({"state", from.id()}).text)["pid"].get<pid_t>();
}

void set_namespace(bundle& from, const std::string& type, const std::string& path) {
  auto& all = from.config["linux"]["namespaces"];
  for (auto at = all.begin(); at != all.end();) at = (*at)["type"] == type ? all.erase(at) : at + 1;
  all.push_back({{"type", type}});
  if (!path.empty()) all.back()["path"] = path;
}

void map_users(bundle& from) {
  from.folder().make_directory("bundle/rootfs/tmp");
  REQUIRE(test::run({"chown", "-R", "100000:100000", from.rootfs()}).code == 0);
  REQUIRE(test::run({"chmod", "-R", "755", from.folder().path()}).code == 0);
  set_namespace(from, "user", "");
  for (const auto* map : {"uidMappings", "gidMappings"})
    from.config["linux"][map] = nlohmann::json::parse(R"([{"containerID":0,"hostID":100000,"size":65536}])");
  from.config["linux"].erase("sysctl"); // the range of groups is not mapped
}

} // namespace

TEST_CASE("a container joins a mount, a cgroup and a time namespace", "[native][root]") {
  const holder other(CLONE_NEWNS | CLONE_NEWCGROUP);
  bundle from;
  set_namespace(from, "mount", other.path("mnt"));
  set_namespace(from, "cgroup", other.path("cgroup"));
  from.set_script("readlink /proc/self/ns/mnt; readlink /proc/self/ns/cgroup; ls /");
  const auto mounts = link_of(other.path("mnt")), groups = link_of(other.path("cgroup"));
  const auto before = sys::read_file("/proc/self/mountinfo");
  const auto ran = from.run_native();
  CHECK(ran.code == 0);
  CHECK_THAT(ran.text, contains(mounts + "\n" + groups + "\n"));
  CHECK(sys::read_file("/proc/self/mountinfo") == before);
}

TEST_CASE("clocks of a time namespace are ahead, for a further process too", "[native][root]") {
  bundle from;
  set_namespace(from, "time", "");
  from.config["linux"]["timeOffsets"] = {{"boottime", {{"secs", 1000000000}}}, {"monotonic", {{"secs", 5}}}};
  from.set_script("sleep 50");
  const auto own = link_of("/proc/self/ns/time_for_children");
  REQUIRE(from.start().code == 0);
  CHECK(from.oci({"exec", from.id(), "head", "-c", "1", "/proc/uptime"}).text == "1");
  CHECK(std::stod(from.oci({"exec", from.id(), "cat", "/proc/uptime"}).text) > 1e9);
  CHECK(sys::read_file("/proc/" + std::to_string(pid_of(from)) + "/timens_offsets").value().find("1000000000") !=
        std::string::npos);
  SECTION("another container joins it") {
    bundle second({"cat", "/proc/uptime"});
    set_namespace(second, "time", "/proc/" + std::to_string(pid_of(from)) + "/ns/time");
    CHECK(std::stod(second.run_native().text) > 1e9);
  }
  CHECK(link_of("/proc/self/ns/time_for_children") == own);
}

TEST_CASE("a container joins the user namespace of another, and those that belong to it", "[native][root]") {
  bundle first({"sleep", "50"}), second;
  map_users(first);
  REQUIRE(first.start().code == 0);
  const auto pid = std::to_string(pid_of(first));
  map_users(second);
  for (const auto* map : {"uidMappings", "gidMappings"}) second.config["linux"].erase(map);
  second.config.erase("hostname");
  for (const auto* type : {"user", "ipc", "uts", "pid"}) set_namespace(second, type, "/proc/" + pid + "/ns/" + type);
  set_namespace(second, "network", "/proc/" + pid + "/ns/net");
  second.config["process"]["oomScoreAdj"] = 17;
  second.set_script("for n in user net ipc uts pid; do readlink /proc/self/ns/$n; done; cat /proc/self/oom_score_adj; "
                    "sed 's/ \\+/ /g' /proc/self/uid_map; echo x > /tmp/file; stat -c %u /tmp/file");
  std::string expected;
  for (const auto* kind : {"user", "net", "ipc", "uts", "pid"})
    expected += link_of("/proc/" + pid + "/ns/" + kind) + "\n";
  const auto ran = second.run_native();
  CHECK(ran.text == expected + "17\n 0 100000 65536\n0\n");
  CHECK(ran.code == 0);
  CHECK(second.cgroups_gone());
}

TEST_CASE("a container with new users joins what belongs to the host", "[native][root]") {
  const holder other(CLONE_NEWNET | CLONE_NEWIPC);
  bundle from;
  map_users(from);
  set_namespace(from, "network", other.path("net"));
  set_namespace(from, "ipc", other.path("ipc"));
  // A sysfs shows a network namespace, and only its owner may mount one.
  auto& mounts = from.config["mounts"];
  for (auto at = mounts.begin(); at != mounts.end();)
    at = (*at)["type"] == "sysfs" || (*at)["type"] == "mqueue" || (*at)["type"] == "cgroup" ? mounts.erase(at) : at + 1;
  from.set_script("readlink /proc/self/ns/net; readlink /proc/self/ns/ipc; id -u; exit 7");
  const auto net = link_of(other.path("net")), ipc = link_of(other.path("ipc"));
  const auto ran = from.run_native();
  CHECK(ran.text == net + "\n" + ipc + "\n0\n");
  CHECK(ran.code == 7);
}

TEST_CASE("a namespace that is not there is named", "[native][root]") {
  bundle from;
  set_namespace(from, "network", "/proc/1/ns/nothing");
  const auto ran = from.run_native();
  CHECK(ran.code == 1);
  CHECK_THAT(ran.text, contains("namespace /proc/1/ns/nothing"));
  CHECK(from.cgroups_gone());
}
