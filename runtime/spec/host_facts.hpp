#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/cgroup/mode.hpp"

namespace gantry::spec {

struct kernel_version {
  int major = 0, minor = 0;
  friend auto operator<=>(const kernel_version&, const kernel_version&) = default;
};

/// What a kernel's cgroup controllers can do here; a limit that the host lacks is dropped with a warning, as docker
/// does.
struct resource_support {
  bool memory = true, swap = true, oom_kill_disable = true, swappiness = true;
  bool cpu_shares = true, cpu_quota = true, cpuset = true, pids = true, blkio_weight = true;
};

struct own_limit {
  std::uint64_t soft = 0, hard = 0; ///< RLIM_INFINITY when unlimited
};

/// What a document depends on and a user does not say. Read once when the engine starts, then shared as const.
struct host_facts {
  cgroup::layout cgroups;
  resource_support resources;
  bool seccomp = false;
  std::set<std::string> seccomp_actions; ///< as in /proc/sys/kernel/seccomp/actions_avail
  bool apparmor = false, selinux = false;
  std::uint64_t capabilities = 0; ///< the engine's bounding set: no container gets more
  int last_cap = 40;
  bool sys_resource = false; ///< the engine holds CAP_SYS_RESOURCE: it may raise hard limits and lower oom scores
  int oom_score_adj = 0;     ///< the engine's own
  std::map<std::string, own_limit> limits; ///< the engine's own, by name without RLIMIT_: "nofile"
  kernel_version kernel;
  std::string architecture; ///< Go's name: amd64, arm64, arm, 386, ppc64le, s390x, riscv64
  int cpus = 1;
  bool unprivileged_ports = false;        ///< net.ipv4.ip_unprivileged_port_start exists
  bool ping_group = false;                ///< net.ipv4.ping_group_range exists
  std::vector<std::string> thermal_paths; ///< per-CPU thermal_throttle folders: masked (a side channel)
};

/// Reads /proc and /sys. Blocks on pseudo file systems alone. Errors: failed_precondition (no cgroups), internal.
result<host_facts> read_host_facts();

/// Whether `facts.capabilities` has capability number `bit`.
bool holds(const host_facts& facts, int bit);

} // namespace gantry::spec
