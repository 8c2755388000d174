#include "runtime/native/identity.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/sys/capability_names.hpp"

namespace gantry::native {
namespace {

/// What the process has: a host that lacks a capability cannot give it.
result<std::uint64_t> own_permitted() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return fail_errno(errno, "capget");
  return data[0].permitted | (std::uint64_t{data[1].permitted} << 32);
}

capability_sets sets_of(const process_plan& plan) { return plan.capabilities.value_or(capability_sets{}); }

std::uint32_t low(std::uint64_t set) { return static_cast<std::uint32_t>(set); }
std::uint32_t high(std::uint64_t set) { return static_cast<std::uint32_t>(set >> 32); }

} // namespace

result<void> drop_bounding(const process_plan& plan) {
  const auto bounding = sets_of(plan).bounding;
  for (int number = 0; number < 64; ++number) {
    if (((bounding >> number) & 1) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0) continue;
    if (errno == EINVAL) break; // past the kernel's last
    return fail_errno(errno, "drop {} from the bounding set", sys::capability_name(number));
  }
  return {};
}

result<void> switch_user(const process_plan& plan) {
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return fail_errno(errno, "keep capabilities");
  if (::setgroups(plan.groups.size(), plan.groups.data()) != 0) return fail_errno(errno, "setgroups");
  if (::setresgid(plan.gid, plan.gid, plan.gid) != 0) return fail_errno(errno, "setgid {}", plan.gid);
  if (::setresuid(plan.uid, plan.uid, plan.uid) != 0) return fail_errno(errno, "setuid {}", plan.uid);
  if (::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0) return fail_errno(errno, "drop capabilities");
  return {};
}

result<void> set_capabilities(const process_plan& plan) {
  auto sets = sets_of(plan);
  // "Runtimes SHOULD NOT fail" for what cannot be granted (runtime-spec config.md, "Linux Process", capabilities).
  GANTRY_LET(const auto granted, own_permitted());
  for (auto* set : {&sets.effective, &sets.permitted, &sets.inheritable}) *set &= granted;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct data[2] = {{low(sets.effective), low(sets.permitted), low(sets.inheritable)},
                                          {high(sets.effective), high(sets.permitted), high(sets.inheritable)}};
  if (::syscall(SYS_capset, &header, data) != 0) return fail_errno(errno, "unable to apply caps");
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL)
    return fail_errno(errno, "clear ambient capabilities");
  for (int number = 0; number < 64; ++number)
    // One that is not permitted and inheritable cannot be ambient: left out with a warning by runc, silently here.
    if (((sets.ambient >> number) & 1) != 0 && ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) != 0 &&
        errno != EPERM)
      return fail_errno(errno, "raise ambient {}", sys::capability_name(number));
  return {};
}

} // namespace gantry::native
