#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include <nlohmann/json.hpp>

#include "runtime/cgroup/mode.hpp"
#include "runtime/monitor/pod_namespaces.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/unique_fd.hpp"
#include "tests/catch.hpp"
#include "tests/runtime/monitor/monitor_fixture.hpp"

namespace {

using namespace gantry;
using namespace gantry::test;
namespace fs = std::filesystem;

/// The first line that `command` prints in the pod's namespaces of these kinds.
std::string inside(const std::vector<std::string>& paths, const std::string& command) {
  std::string enter;
  const char* const kinds[] = {"--net=", "--ipc=", "--uts="};
  for (std::size_t i = 0; i < paths.size(); ++i)
    if (!paths[i].empty()) enter += kinds[i] + paths[i] + " ";
  auto* const pipe = ::popen(("nsenter " + enter + command + " 2>&1").c_str(), "r");
  std::string text(4096, '\0');
  text.resize(::fread(text.data(), 1, text.size(), pipe));
  ::pclose(pipe);
  return text.substr(0, text.find('\n'));
}

/// By device and inode: two paths that open one namespace are the same (namespaces(7)).
std::pair<dev_t, ino_t> identity(const std::string& path) {
  struct stat status {};
  CHECK(::stat(path.c_str(), &status) == 0);
  return {status.st_dev, status.st_ino};
}

bool lives(std::int32_t pid) { return fs::exists("/proc/" + std::to_string(pid)); }

void wait_gone(std::int32_t pid) {
  for (int step = 0; lives(pid) && step < 3000; ++step) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  CHECK_FALSE(lives(pid));
}

monitor::make_pod_namespaces pod_of(const monitor_fixture& m, const std::string& id) {
  monitor::make_pod_namespaces what;
  what.sandbox = m.name(id);
  what.network = what.ipc = what.uts = true;
  return what;
}

std::string status_line(std::int32_t pid, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(name + ":")) return line;
  return {};
}

} // namespace

TEST_CASE("a pod's namespaces are held without a process, with hostname and sysctls", "[root]") {
  monitor_fixture m;
  auto what = pod_of(m, "pod");
  what.hostname = "web-0";
  what.sysctls = {{"net.ipv4.ip_unprivileged_port_start", "77"},
                  {"kernel.shm_rmid_forced", "1"},
                  {"fs.mqueue.msg_max", "13"},
                  {"net/ipv4/conf/lo/forwarding", "1"}};
  const auto pod = m.must<monitor::pod_namespaces>(what);
  CHECK(pod.pid.empty());
  CHECK(pod.user.empty());
  CHECK(pod.shm.empty());
  CHECK(pod.pause_pid == 0);
  const std::vector<std::string> all = {pod.network, pod.ipc, pod.uts};
  CHECK(inside(all, "hostname") == "web-0");
  CHECK(inside(all, "cat /proc/sys/net/ipv4/ip_unprivileged_port_start") == "77");
  CHECK(inside(all, "cat /proc/sys/net/ipv4/conf/lo/forwarding") == "1");
  CHECK(inside(all, "cat /proc/sys/kernel/shm_rmid_forced") == "1");
  CHECK(inside(all, "cat /proc/sys/fs/mqueue/msg_max") == "13");
  CHECK_THAT(inside(all, "ip link show lo"), contains("LOOPBACK,UP"));
  const auto again = m.must<monitor::pod_namespaces>(what);
  CHECK(again.network == pod.network);
  CHECK(m.ask(monitor::shut_down{}).error().code == errc::failed_precondition);
  (void)m.must<monitor::done>(monitor::drop_pod_namespaces{m.name("pod")});
  (void)m.must<monitor::done>(monitor::drop_pod_namespaces{m.name("pod")});
  CHECK_FALSE(fs::exists(pod.network));
}

TEST_CASE("a pod may share some of the host's namespaces", "[root]") {
  monitor_fixture m;
  monitor::make_pod_namespaces what;
  what.sandbox = m.name("pod");
  what.ipc = true;
  const auto pod = m.must<monitor::pod_namespaces>(what);
  CHECK(pod.network.empty());
  CHECK(pod.uts.empty());
  CHECK(identity(pod.ipc) != identity("/proc/self/ns/ipc"));
  (void)m.must<monitor::done>(monitor::drop_pod_namespaces{m.name("pod")});
}

TEST_CASE("a shared PID namespace has an init without rights that reaps and outlasts containers", "[root]") {
  monitor_fixture m;
  auto what = pod_of(m, "pod");
  what.pid = true;
  what.cgroup = "/gantry-test/" + m.name("pod").ns + "/pause";
  const auto pod = m.must<monitor::pod_namespaces>(what);
  REQUIRE(pod.pause_pid > 1);
  const auto proc = "/proc/" + std::to_string(pod.pause_pid);
  CHECK(identity(pod.pid) == identity(proc + "/ns/pid"));
  CHECK_THAT(status_line(pod.pause_pid, "NSpid"), Catch::Matchers::EndsWith("\t1"));
  CHECK_THAT(status_line(pod.pause_pid, "Name"), contains("pause"));
  CHECK_THAT(status_line(pod.pause_pid, "CapEff"), contains("0000000000000000"));
  CHECK_THAT(status_line(pod.pause_pid, "CapPrm"), contains("0000000000000000"));
  CHECK_THAT(status_line(pod.pause_pid, "Uid"), contains("65535\t65535\t65535"));
  CHECK_THAT(status_line(pod.pause_pid, "NoNewPrivs"), contains("1"));
  CHECK(fs::is_empty(proc + "/root/")); // of the host it shows nothing
  CHECK(fs::is_empty(proc + "/fd"));
  std::ifstream mounts(proc + "/mountinfo");
  CHECK(std::count(std::istreambuf_iterator<char>(mounts), {}, '\n') == 1);
  std::ifstream groups(proc + "/cgroup");
  CHECK_THAT(std::string(std::istreambuf_iterator<char>(groups), {}), contains(what.cgroup));

  // A process that loses its parent in there becomes the init's, and is reaped.
  auto* const orphan =
      ::popen(("nsenter --pid=" + pod.pid + " sh -c '(sleep 0.01; exit 0) & exec true'; echo ok").c_str(), "r");
  char text[3] = {};
  CHECK(::fread(text, 1, 2, orphan) == 2);
  ::pclose(orphan);
  for (int step = 0; step < 500; ++step) {
    std::ifstream children(proc + "/task/" + std::to_string(pod.pause_pid) + "/children");
    std::string one;
    if (!(children >> one)) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::ifstream children(proc + "/task/" + std::to_string(pod.pause_pid) + "/children");
  std::string left;
  const bool unreaped = static_cast<bool>(children >> left);
  CHECK_FALSE(unreaped);
  // Signals from within do not end it.
  CHECK(::system(("nsenter --pid=" + pod.pid + " sh -c 'kill -9 1; kill -15 1'").c_str()) >= 0);
  CHECK(lives(pod.pause_pid));
  (void)m.must<monitor::done>(monitor::drop_pod_namespaces{m.name("pod")});
  wait_gone(pod.pause_pid);
  for (const auto& folder : cgroup::of_host()->folders_of(what.cgroup)) CHECK_FALSE(fs::exists(folder));
}

TEST_CASE("with users of its own a pod's namespaces belong to its user namespace", "[root]") {
  monitor_fixture m;
  auto what = pod_of(m, "pod");
  what.pid = GENERATE(false, true);
  what.uids = what.gids = {{0, 200'000, 65'536}};
  what.hostname = "mapped";
  what.sysctls = {{"net.ipv4.ip_unprivileged_port_start", "0"}, {"kernel.shm_rmid_forced", "1"}};
  what.shm_bytes = 1 << 20;
  const auto pod = m.must<monitor::pod_namespaces>(what);
  const sys::unique_fd network(::open(pod.network.c_str(), O_RDONLY | O_CLOEXEC));
  constexpr auto ns_get_userns = 0xb701UL; // ioctl_ns(2)
  const sys::unique_fd owner(static_cast<int>(::syscall(SYS_ioctl, network.get(), ns_get_userns)));
  CHECK(identity("/proc/self/fd/" + std::to_string(owner.get())) == identity(pod.user));
  CHECK(inside({pod.network, pod.ipc, pod.uts}, "hostname") == "mapped");
  CHECK(inside({pod.network, pod.ipc, pod.uts}, "cat /proc/sys/kernel/shm_rmid_forced") == "1");
  if (what.pid) CHECK_THAT(status_line(pod.pause_pid, "Uid"), contains("265535"));
  (void)m.must<monitor::done>(monitor::drop_pod_namespaces{m.name("pod")});
}

TEST_CASE("what no namespace of the pod's own would hold is refused", "[root]") {
  monitor_fixture m;
  const auto refusal = [&](auto change) {
    auto what = pod_of(m, "pod");
    change(what);
    const auto answer = m.ask(what);
    return answer ? std::string("made") : answer.error().message;
  };
  CHECK_THAT(refusal([](auto& what) { what.sysctls = {{"vm.swappiness", "1"}}; }), contains("vm.swappiness"));
  CHECK_THAT(refusal([](auto& what) { what.sysctls = {{"kernel.hostname", "x"}}; }), contains("kernel.hostname"));
  CHECK_THAT(refusal([](auto& what) { what.sysctls = {{"net/../kernel/hostname", "x"}}; }), contains("no namespace"));
  CHECK_THAT(refusal([](auto& what) {
               what.network = false;
               what.sysctls = {{"net.core.somaxconn", "1"}};
             }),
             contains("net.core.somaxconn"));
  CHECK_THAT(refusal([](auto& what) { what.hostname = std::string(65, 'a'); }), contains("hostname"));
  CHECK_THAT(refusal([](auto& what) { what.uids = {{0, 1000, 1}}; }), contains("both or not at all"));
  CHECK_THAT(refusal([](auto& what) { what.cgroup = "/a/../b"; }), contains("cgroup"));
  // One that the kernel refuses leaves nothing behind either.
  CHECK_THAT(refusal([](auto& what) {
               what.pid = true;
               what.sysctls = {{"net.core.no_such_value", "1"}};
             }),
             contains("sysctl net.core.no_such_value"));
  CHECK(m.ask(monitor::drop_pod_namespaces{m.name("pod")}));
}

TEST_CASE("the containers of a pod share its /dev/shm, which the host does not see", "[root]") {
  const std::string runtime = GENERATE("/usr/sbin/runc", "native");
  INFO(runtime);
  monitor_fixture m;
  auto what = pod_of(m, "pod");
  what.shm_bytes = 1 << 20;
  const auto pod = m.must<monitor::pod_namespaces>(what);
  REQUIRE_FALSE(pod.shm.empty());
  const auto run = [&](const std::string& id, const std::string& command) {
    auto start = m.container(id, {.args = {"sh", "-c", command}});
    if (runtime == "native") start.runtime.native = true;
    start.shm = pod.shm;
    auto document = nlohmann::json::parse(start.config_json);
    document["mounts"].push_back(
        {{"destination", "/dev/shm"}, {"type", "bind"}, {"source", start.bundle + "/shm"}, {"options", {"rbind"}}});
    start.config_json = document.dump();
    (void)m.must<monitor::started>(start);
    CHECK(m.exited().wait(id).exit_code == 0);
    const auto text = m.log_text(id);
    auto removal = m.removal(id);
    removal.runtime = start.runtime;
    (void)m.must<monitor::done>(removal);
    return text;
  };
  CHECK(run("one", "echo shared > /dev/shm/x; ls -ld /dev/shm").starts_with("drwxrwxrwt"));
  CHECK(run("two",
            "cat /dev/shm/x; dd if=/dev/zero of=/dev/shm/y bs=1k count=2000 2>/dev/null; busybox wc -c < /dev/shm/y") ==
        "shared\n1044480\n"); // a page of it is the first one's
  (void)m.must<monitor::done>(monitor::drop_pod_namespaces{m.name("pod")});
}
