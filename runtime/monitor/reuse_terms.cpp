#include "runtime/monitor/reuse_terms.hpp"

#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "runtime/native/seccomp_refusal.hpp"
#include "runtime/sys/wire.hpp"

namespace gantry::monitor {
namespace {

constexpr std::uint64_t bits(std::initializer_list<int> numbers) {
  std::uint64_t set = 0;
  for (const int number : numbers) set |= std::uint64_t{1} << number;
  return set;
}

/// What containers have unasked: none of it is a right over a network namespace. With CAP_NET_RAW packets can be
/// forged, which the counters of lo show.
constexpr auto harmless =
    bits({CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SETPCAP,
          CAP_NET_BIND_SERVICE, CAP_NET_RAW, CAP_SYS_CHROOT, CAP_MKNOD, CAP_AUDIT_WRITE, CAP_SETFCAP});

/// Sysctls of the network whose writing has no effect but their value.
constexpr std::array<std::string_view, 2> plain_sysctls = {"net.ipv4.ip_unprivileged_port_start",
                                                           "net.ipv4.ping_group_range"};

bool is_new(const native::container_plan& plan, std::uint32_t flag) {
  const auto* one = plan.find_namespace(flag);
  return one != nullptr && one->path.empty();
}

/// Nothing that shows a network's settings so that they can be written, and nothing of the host's: a folder may hold
/// such a mount, or a socket over which a descriptor leaves the container.
bool is_closed(const native::mount_entry& mount, const std::string& bundle) {
  constexpr std::array<std::string_view, 4> plain = {"tmpfs", "devpts", "mqueue", "shm"};
  constexpr std::array<std::string_view, 3> shown = {"sysfs", "cgroup", "cgroup2"};
  if (mount.remount || mount.mapped != native::id_mapped::no) return false;
  if (mount.bind) return mount.source.starts_with(bundle + "/files/");
  if (mount.type == "proc") return mount.target == "/proc";
  if (std::find(shown.begin(), shown.end(), mount.type) != shown.end()) return (mount.set & MOUNT_ATTR_RDONLY) != 0;
  return std::find(plain.begin(), plain.end(), mount.type) != plain.end();
}

/// Making nodes, the devices of every container, and terminals.
bool is_usual(const native::device_rule& rule) {
  if (!rule.allow || rule.access == "m") return true;
  if (rule.type != 'c') return false;
  if (rule.major == 1) return rule.minor == 3 || rule.minor == 5 || (rule.minor >= 7 && rule.minor <= 9);
  return rule.major == 136 || (rule.major == 5 && rule.minor >= 0 && rule.minor <= 2);
}

bool has_hooks(const native::hook_lists& hooks) {
  return !hooks.prestart.empty() || !hooks.create_runtime.empty() || !hooks.create_container.empty() ||
         !hooks.start_container.empty() || !hooks.poststart.empty() || !hooks.poststop.empty();
}

bool is_confined(const native::container_plan& plan) {
  const auto& fixed = plan.read_only;
  return is_powerless(plan.process) && !plan.seccomp.program.empty() &&
         std::find(fixed.begin(), fixed.end(), "/proc/sys") != fixed.end();
}

/// Nobody of it outlives its init, and nothing of the host's is in it.
bool is_of_its_own(const native::container_plan& plan, const std::string& bundle) {
  const auto& devices = plan.resources.devices;
  return is_new(plan, CLONE_NEWPID) && is_new(plan, CLONE_NEWNS) && plan.find_namespace(CLONE_NEWUSER) == nullptr &&
         !has_hooks(plan.hooks) && plan.devices.empty() &&
         std::all_of(plan.mounts.begin(), plan.mounts.end(), [&](const auto& one) { return is_closed(one, bundle); }) &&
         std::all_of(devices.begin(), devices.end(), is_usual);
}

/// With users of its own a process has the right to mount a cgroupfs that it can write to.
bool has_no_users(const native::seccomp_plan& filter) {
  return native::refuses(filter.program, "unshare", {CLONE_NEWUSER}) &&
         native::refuses(filter.program, "clone", {CLONE_NEWUSER, CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD}) &&
         native::refuses(filter.program, "clone3", {0});
}

} // namespace

bool is_powerless(const native::process_plan& process) {
  if (!process.capabilities) return true;
  const auto& sets = *process.capabilities;
  const auto all = sets.bounding | sets.effective | sets.permitted | sets.inheritable | sets.ambient;
  return (all & ~harmless) == 0;
}

std::optional<std::string> terms_of_network_reuse(const native::container_plan& plan, const std::string& bundle) {
  const auto& resources = plan.resources;
  if (!is_new(plan, CLONE_NEWNET) || !is_confined(plan) || !is_of_its_own(plan, bundle)) return std::nullopt;
  if (!resources.net_priorities.empty() || resources.net_class) return std::nullopt;
  std::vector<std::pair<std::string, std::string>> values;
  for (const auto& [name, value] : plan.sysctls) {
    if (!name.starts_with("net")) continue;
    if (std::find(plain_sysctls.begin(), plain_sysctls.end(), name) == plain_sysctls.end()) return std::nullopt;
    values.emplace_back(name, value);
  }
  std::sort(values.begin(), values.end());
  sys::wire_writer out;
  for (const auto& [name, value] : values) out.put(name).put(value);
  return out.take();
}

std::optional<std::string> terms_of_cgroup_reuse(const native::container_plan& plan, const std::string& bundle) {
  if (plan.cgroup_path.empty() || !is_powerless(plan.process) || !has_no_users(plan.seccomp)) return std::nullopt;
  if (!is_of_its_own(plan, bundle)) return std::nullopt;
  return native::encode(plan.resources);
}

} // namespace gantry::monitor
