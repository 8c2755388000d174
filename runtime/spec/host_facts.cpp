#include "runtime/spec/host_facts.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <sstream>
#include <utility>

#include "messages/domain/error.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::spec {
namespace {

constexpr int cap_sys_resource = 24;

constexpr std::array<std::pair<const char*, int>, 16> limit_names = {{{"as", RLIMIT_AS},
                                                                      {"core", RLIMIT_CORE},
                                                                      {"cpu", RLIMIT_CPU},
                                                                      {"data", RLIMIT_DATA},
                                                                      {"fsize", RLIMIT_FSIZE},
                                                                      {"locks", RLIMIT_LOCKS},
                                                                      {"memlock", RLIMIT_MEMLOCK},
                                                                      {"msgqueue", RLIMIT_MSGQUEUE},
                                                                      {"nice", RLIMIT_NICE},
                                                                      {"nofile", RLIMIT_NOFILE},
                                                                      {"nproc", RLIMIT_NPROC},
                                                                      {"rss", RLIMIT_RSS},
                                                                      {"rtprio", RLIMIT_RTPRIO},
                                                                      {"rttime", RLIMIT_RTTIME},
                                                                      {"sigpending", RLIMIT_SIGPENDING},
                                                                      {"stack", RLIMIT_STACK}}};

bool present(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

std::string text_of(const std::string& path) { return sys::read_file(path, 64 << 10).value_or(std::string()); }

int number_in(const std::string& path, int otherwise) {
  int value = 0;
  return std::sscanf(text_of(path).c_str(), "%d", &value) == 1 ? value : otherwise;
}

/// The value of a hexadecimal line of /proc/self/status (proc(5)).
std::uint64_t status_mask(const std::string& status, const std::string& key) {
  const auto at = status.find("\n" + key + ":");
  return at == std::string::npos ? 0 : std::strtoull(status.c_str() + at + key.size() + 2, nullptr, 16);
}

std::map<std::string, own_limit> read_limits() {
  std::map<std::string, own_limit> limits;
  for (const auto& [name, which] : limit_names) {
    struct rlimit value {};
    if (::getrlimit(static_cast<__rlimit_resource_t>(which), &value) == 0)
      limits[name] = {value.rlim_cur, value.rlim_max};
  }
  return limits;
}

std::string architecture_of(const std::string& machine) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 14> table = {{{"x86_64", "amd64"},
                                                                                    {"aarch64", "arm64"},
                                                                                    {"armv6l", "arm"},
                                                                                    {"armv7l", "arm"},
                                                                                    {"armv8l", "arm"},
                                                                                    {"i386", "386"},
                                                                                    {"i486", "386"},
                                                                                    {"i586", "386"},
                                                                                    {"i686", "386"},
                                                                                    {"ppc64le", "ppc64le"},
                                                                                    {"s390x", "s390x"},
                                                                                    {"riscv64", "riscv64"},
                                                                                    {"loongarch64", "loong64"},
                                                                                    {"mips64", "mips64le"}}};
  for (const auto& [kernel, go] : table)
    if (machine == kernel) return std::string(go);
  return machine;
}

/// Which knobs exist. v1: files of the hierarchy's root; v2: the controller's presence says it, but for weights and
/// swap, whose files only exist below the root.
resource_support read_support(const cgroup::layout& groups) {
  resource_support can;
  const auto v1_file = [&](const std::string& controller, const std::string& name) {
    const auto base = groups.folders.find(controller);
    return base != groups.folders.end() && present(base->second + "/" + name);
  };
  const bool memory_v1 = groups.folders.contains("memory");
  can.memory = groups.has("memory");
  can.swap = memory_v1 ? v1_file("memory", "memory.memsw.limit_in_bytes") : can.memory && present("/proc/swaps");
  can.oom_kill_disable = memory_v1 && v1_file("memory", "memory.oom_control");
  can.swappiness = memory_v1 && v1_file("memory", "memory.swappiness");
  can.cpu_shares = groups.has("cpu");
  can.cpu_quota = groups.folders.contains("cpu") ? v1_file("cpu", "cpu.cfs_quota_us") : groups.has("cpu");
  can.cpuset = groups.has("cpuset");
  can.pids = groups.has("pids");
  can.blkio_weight = groups.folders.contains("blkio")
                         ? v1_file("blkio", "blkio.weight") || v1_file("blkio", "blkio.bfq.weight")
                         : groups.has("io");
  return can;
}

} // namespace

bool holds(const host_facts& facts, int bit) { return ((facts.capabilities >> bit) & 1) != 0; }

result<host_facts> read_host_facts() {
  host_facts facts;
  GANTRY_LET(facts.cgroups, cgroup::detect());
  facts.resources = read_support(facts.cgroups);
  GANTRY_LET(const auto status, sys::read_file("/proc/self/status", 64 << 10));
  facts.capabilities = status_mask(status, "CapBnd");
  facts.sys_resource = ((status_mask(status, "CapEff") >> cap_sys_resource) & 1) != 0;
  facts.last_cap = number_in("/proc/sys/kernel/cap_last_cap", 40);
  facts.seccomp = ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0 && present("/proc/sys/kernel/seccomp/actions_avail");
  std::istringstream actions(text_of("/proc/sys/kernel/seccomp/actions_avail"));
  for (std::string name; actions >> name;) facts.seccomp_actions.insert(name);
  facts.apparmor = text_of("/sys/module/apparmor/parameters/enabled").starts_with("Y");
  facts.selinux = present("/sys/fs/selinux/enforce");
  facts.oom_score_adj = number_in("/proc/self/oom_score_adj", 0);
  facts.limits = read_limits();
  struct utsname name {};
  if (::uname(&name) != 0) return fail_errno(errno, "cannot read the kernel's version");
  std::sscanf(name.release, "%d.%d", &facts.kernel.major, &facts.kernel.minor);
  facts.architecture = architecture_of(name.machine);
  facts.cpus = static_cast<int>(std::max(1L, ::sysconf(_SC_NPROCESSORS_CONF)));
  facts.unprivileged_ports = present("/proc/sys/net/ipv4/ip_unprivileged_port_start");
  for (int cpu = 0; cpu < facts.cpus; ++cpu)
    if (auto path = fmt::format("/sys/devices/system/cpu/cpu{}/thermal_throttle", cpu); present(path))
      facts.thermal_paths.push_back(std::move(path));
  facts.ping_group = present("/proc/sys/net/ipv4/ping_group_range");
  return facts;
}

} // namespace gantry::spec
