#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "runtime/sys/files.hpp"
#include "tests/catch.hpp"
#include "tests/runtime/monitor/monitor_fixture.hpp"

// Containers of pods with users of their own, by the launcher of our own and by an OCI runtime that knows nothing of
// mapped IDs.

namespace {

using namespace gantry;
using namespace gantry::test;
using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::uint32_t root_uid = 200'000, root_gid = 300'000;

/// A tmpfs whose IDs can be mapped.
bool can_map_ids() {
  struct utsname names {};
  ::uname(&names);
  int major = 0, minor = 0;
  return std::sscanf(names.release, "%d.%d", &major, &minor) == 2 && (major > 6 || (major == 6 && minor >= 3));
}

struct users_fixture : monitor_fixture {
  users_fixture() {
    ::chmod(dir().c_str(), 0711); // a runtime that is the container's root must find the root by its name
    put("layers/1/etc/image", 0, 0);
    put("layers/1/etc/other", 1000, 1001);
    put("volume/root", 0, 0);
    put("volume/other", 7, 8);
    put("plain/root", 0, 0);
    monitor::make_pod_namespaces what;
    what.sandbox = name("pod");
    what.network = what.ipc = what.uts = true;
    what.uids = {{0, root_uid, 65'536}};
    what.gids = {{0, root_gid, 65'536}};
    what.shm_bytes = 1 << 20;
    pod = must<monitor::pod_namespaces>(what);
  }
  users_fixture(const users_fixture&) = delete;
  users_fixture& operator=(const users_fixture&) = delete;
  ~users_fixture() { CHECK(ask(monitor::drop_pod_namespaces{name("pod")})); }

  void put(const std::string& path, uid_t uid, gid_t gid) const {
    const auto file = dir() + "/" + path;
    fs::create_directories(fs::path(file).parent_path());
    std::ofstream(file) << path;
    REQUIRE(::lchown(file.c_str(), uid, gid) == 0);
  }

  [[nodiscard]] std::string owner(const std::string& path) const {
    struct stat status {};
    if (::lstat((dir() + "/" + path).c_str(), &status) != 0) return "absent";
    return std::to_string(status.st_uid) + ":" + std::to_string(status.st_gid);
  }

  /// Of the pod: in its namespaces, with what the engine has mounted for each container.
  monitor::start_container member(const std::string& id, const options& with) {
    auto what = container(id, with);
    what.runtime.native = with.runtime == "native";
    if (what.runtime.native) what.runtime.path.clear();
    what.shm = pod.shm;
    what.users = {pod.user, root_uid, root_gid};
    what.files = {{"hosts", "127.0.0.1 localhost\n"}};
    what.mapped = {{dir() + "/volume", true},
                   {dir() + "/volume/other", false, {{7, root_uid + 70, 1}}, {{8, root_gid + 80, 1}}}};
    auto document = json::parse(what.config_json);
    auto mount = [&](const char* to, const char* type, const std::string& from, const std::vector<std::string>& how) {
      document["mounts"].push_back({{"destination", to}, {"type", type}, {"source", from}, {"options", how}});
    };
    mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"});
    mount("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "ro"});
    mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"});
    mount("/dev/shm", "bind", what.bundle + "/shm", {"rbind"});
    mount("/scratch", "tmpfs", "tmpfs", {"size=64k"});
    mount("/etc/hosts", "bind", what.bundle + "/files/hosts", {"rbind", "rprivate"});
    mount("/v", "bind", what.bundle + "/mapped/0", {"rbind", "rprivate"});
    mount("/one", "bind", what.bundle + "/mapped/1", {"rbind", "rprivate", "ro"});
    mount("/plain", "bind", dir() + "/plain", {"rbind", "rprivate"});
    document.erase("hostname");
    auto& linux_part = document["linux"];
    linux_part["namespaces"] = {{{"type", "mount"}},
                                {{"type", "pid"}},
                                {{"type", "user"}, {"path", pod.user}},
                                {{"type", "ipc"}, {"path", pod.ipc}},
                                {{"type", "uts"}, {"path", pod.uts}},
                                {{"type", "network"}, {"path", pod.network}}};
    linux_part["uidMappings"] = {{{"containerID", 0}, {"hostID", root_uid}, {"size", 65'536}}};
    linux_part["gidMappings"] = {{{"containerID", 0}, {"hostID", root_gid}, {"size", 65'536}}};
    for (const auto* set : {"bounding", "effective", "permitted"})
      for (const auto* one : {"CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_SETUID", "CAP_SETGID"})
        document["process"]["capabilities"][set].push_back(one);
    what.config_json = document.dump();
    return what;
  }

  void drop(const monitor::start_container& what) {
    (void)must<monitor::done>(monitor::delete_container{what.container, what.runtime, what.bundle});
  }

  std::string output_of(const monitor::start_container& what) {
    (void)must<monitor::started>(what);
    CHECK(exited().wait(what.container.id).exit_code == 0);
    auto text = log_text(what.container.id);
    drop(what);
    return text;
  }

  monitor::pod_namespaces pod;
};

std::string runtimes() { return GENERATE("native", "/usr/sbin/runc"); }

std::string line_of(std::int32_t pid, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(name + ":")) return line;
  return {};
}

} // namespace

TEST_CASE("users: a container's root owns what is root's in its image, its volumes and its own files", "[root]") {
  if (!can_map_ids()) return;
  const auto runtime = runtimes();
  INFO(runtime);
  users_fixture m;
  const bool read_only = GENERATE(false, true);
  const std::string show =
      "busybox stat -c '%n %u:%g' / /etc/image /etc/other /etc/hosts /v/root /v/other /one "
      "/plain/root /dev/shm /dev/mqueue /scratch /proc/1; busybox sed 's/ \\+/ /g' /proc/self/uid_map";
  const auto text =
      m.output_of(m.member("shows", {.args = {"sh", "-c", show}, .read_only = read_only, .runtime = runtime}));
  CHECK(text == "/ 0:0\n/etc/image 0:0\n/etc/other 1000:1001\n/etc/hosts 0:0\n/v/root 0:0\n/v/other 7:8\n/one 70:80\n"
                "/plain/root 65534:65534\n/dev/shm 0:0\n/dev/mqueue 0:0\n/scratch 0:0\n/proc/1 0:0\n 0 200000 65536\n");
}

TEST_CASE("users: what a container writes lies on the disk with the IDs that it sees", "[root]") {
  if (!can_map_ids()) return;
  const auto runtime = runtimes();
  INFO(runtime);
  users_fixture m;
  const std::string write =
      "set -e; echo new > /etc/new; echo more >> /etc/other; echo v > /v/new; "
      "busybox chown 5:6 /etc/new; busybox rm /etc/image; echo h >> /etc/hosts; echo s > /dev/shm/x; "
      "( : > /plain/new ) 2>/dev/null || echo refused; echo again > /dev/stdout";
  const auto text = m.output_of(m.member("writes", {.args = {"sh", "-c", write}, .runtime = runtime}));
  CHECK(text == "refused\nagain\n");
  CHECK(m.owner("snapshots/writes/upper/etc/new") == "5:6");
  CHECK(m.owner("snapshots/writes/upper/etc/other") == "1000:1001");
  CHECK(m.owner("volume/new") == "0:0");
  CHECK(m.owner("plain/new") == "absent");
  CHECK(m.owner("layers/1/etc/image") == "0:0");
  struct stat whiteout {};
  REQUIRE(::lstat((m.dir() + "/snapshots/writes/upper/etc/image").c_str(), &whiteout) == 0);
  CHECK(S_ISCHR(whiteout.st_mode));
}

TEST_CASE("users: to the host a container is nobody's root, and a further process is one of its own", "[root]") {
  if (!can_map_ids()) return;
  const auto runtime = runtimes();
  INFO(runtime);
  users_fixture m;
  const auto what = m.member("lives", {.args = {"sh", "-c", "echo up; exec sleep 1000"}, .runtime = runtime});
  const auto init = m.must<monitor::started>(what);
  CHECK(line_of(init.pid, "Uid") == "Uid:\t200000\t200000\t200000\t200000");
  CHECK(line_of(init.pid, "Gid") == "Gid:\t300000\t300000\t300000\t300000");
  auto process = json::parse(what.config_json)["process"];
  process["args"] = {"sh", "-c", "id -u; echo x > /dev/stdout; busybox readlink /proc/self/ns/user; cat /proc/1/comm"};
  (void)m.must<monitor::started>(
      monitor::exec_process{what.container, "e1", process.dump(), false, false, false, 0, 0, 4096});
  const auto end = m.exited().wait("lives", "e1");
  CHECK(end.exit_code == 0);
  const auto users = fs::read_symlink("/proc/" + std::to_string(init.pid) + "/ns/user").string();
  CHECK(end.output == "0\nx\n" + users + "\nsleep\n");
  CHECK(m.must<monitor::container_list>(monitor::list_containers{}).containers.size() == 1);
  CHECK(m.ask(monitor::pause_container{what.container}));
  CHECK(m.ask(monitor::resume_container{what.container}));
  m.drop(what);
}

TEST_CASE("users: a terminal, and a writable layer in memory", "[root]") {
  if (!can_map_ids()) return;
  const auto runtime = runtimes();
  INFO(runtime);
  users_fixture m;
  auto what = m.member(
      "tty", {.args = {"sh", "-c", "busybox stat -c %u:%g $(tty) /etc/made; echo x > /etc/new; ls -n /etc/new"},
              .tty = true,
              .runtime = runtime});
  m.put("layers/1/etc/made", 3, 4);
  what.root.upper.clear();
  what.root.work.clear();
  what.root.memory = 1 << 20;
  const auto text = m.output_of(what);
  CHECK_THAT(text, contains("0:0\r\n3:4\r\n"));
  CHECK_THAT(text, contains(" 0        0 "));
}

TEST_CASE("users: devices are the container's own nodes, whatever they are called on the host", "[root]") {
  if (!can_map_ids()) return;
  users_fixture m;
  auto what = m.member("device", {.args = {"sh", "-c",
                                           "busybox stat -c '%n %a %u:%g %t,%T' /dev/mine /dev/null; "
                                           "busybox readlink /dev/ptmx; busybox head -c 2 /dev/mine | busybox wc -c"},
                                  .runtime = "native"});
  auto document = json::parse(what.config_json);
  document["linux"]["devices"] = {
      {{"path", "/dev/mine"}, {"type", "c"}, {"major", 1}, {"minor", 5}, {"fileMode", 0600}, {"uid", 0}, {"gid", 9}},
      {{"path", "/dev/ptmx"}, {"type", "c"}, {"major", 5}, {"minor", 2}},
      {{"path", "/dev/null"}, {"type", "c"}, {"major", 1}, {"minor", 3}, {"uid", 8}}};
  what.config_json = document.dump();
  CHECK(m.output_of(what) == "/dev/mine 600 0:9 1,5\n/dev/null 666 8:0 1,3\npts/ptmx\n2\n");
}

TEST_CASE("users: what cannot be mapped is named, and nothing stays", "[root]") {
  if (!can_map_ids()) return;
  const auto runtime = runtimes();
  INFO(runtime);
  users_fixture m;
  const auto before = sys::read_file("/proc/self/mountinfo", 16 << 20).value();
  auto what = m.member("fails", {.args = {"true"}, .runtime = runtime});
  what.mapped[0].source = "/no/such/folder";
  auto failed = m.ask(what);
  REQUIRE_FALSE(failed);
  CHECK_THAT(failed.error().message, contains("/no/such/folder"));
  what.mapped[0].source = "/proc"; // no IDs of it can be mapped
  failed = m.ask(what);
  REQUIRE_FALSE(failed);
  CHECK_THAT(failed.error().message, contains("map the IDs of the mount of /proc"));
  what.mapped[0].source = "relative";
  failed = m.ask(what);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == errc::invalid_argument);
  CHECK(sys::read_file("/proc/self/mountinfo", 16 << 20).value() == before);
  CHECK_FALSE(fs::exists(what.bundle));
}
