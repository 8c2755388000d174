#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "runtime/monitor/pod_plan.hpp"
#include "runtime/native/launch_child.hpp"

// A container of the pod that may trace others sees into this process, whose number is 1 there: it must have nothing
// that such a container has not.

namespace gantry::monitor {
namespace {

constexpr unsigned nobody = 65'535; // as other pause processes

bool may_go(int go) {
  char byte = 0;
  ssize_t got = 0;
  do got = ::read(go, &byte, 1);
  while (got < 0 && errno == EINTR);
  return got == 1;
}

result<void> become_root_of_namespace() {
  if (::setgroups(0, nullptr) != 0) return fail_errno(errno, "drop the groups");
  if (::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0) return fail_errno(errno, "become the pod's root");
  return {};
}

/// The only mount of a namespace of its own. /proc is a folder that every host has, to mount at.
result<void> enter_empty_root(const pod_plan& plan) {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return fail_errno(errno, "make / private");
  const bool shared = plan.shm_bytes > 0;
  const auto options = shared ? fmt::format("mode=1777,size={}", plan.shm_bytes) : std::string("mode=0755,size=4k");
  unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (!shared) flags |= MS_RDONLY;
  if (::mount(shared ? "shm" : "gantry", "/proc", "tmpfs", flags, options.c_str()) != 0)
    return fail_errno(errno, "mount a tmpfs");
  if (::chdir("/proc") != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0) return fail_errno(errno, "pivot_root");
  if (::umount2(".", MNT_DETACH) != 0 || ::chdir("/") != 0) return fail_errno(errno, "leave the host's mounts");
  return {};
}

result<void> drop_rights() {
  // Not there on every kernel: then its number is 1 all the same, and /proc/1/cgroup tells a path.
  (void)::unshare(CLONE_NEWCGROUP);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno(errno, "no_new_privs");
  // A pod whose users are few has no such one: its root without capabilities is as little.
  if (::setgroups(0, nullptr) != 0) return fail_errno(errno, "drop the groups");
  if (::setresgid(nobody, nobody, nobody) != 0 && errno != EINVAL) return fail_errno(errno, "setresgid");
  if (::setresuid(nobody, nobody, nobody) != 0 && errno != EINVAL) return fail_errno(errno, "setresuid");
  __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2]{};
  if (::syscall(SYS_capset, &head, none) != 0) return fail_errno(errno, "drop the capabilities");
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return fail_errno(errno, "become non-dumpable"); // after setresuid
  return {};
}

/// Descriptor 0 alone stays, to say that it is ready.
int keep_only(int ready) {
  ::dup2(ready, 0);
  ::syscall(SYS_close_range, 1U, ~0U, 0U);
  return 0;
}

result<void> become_pause(int& ready) {
  ready = keep_only(ready);
  GANTRY_TRY(drop_rights());
  ::prctl(PR_SET_NAME, "pause");
  ::signal(SIGCHLD, SIG_IGN); // the kernel then reaps what the pod's containers leave (wait(2), Notes)
  return {};
}

} // namespace

void hold_pod(const pod_plan& plan, const holder_pipes& with) {
  native::leave_caller();
  int ready = with.ready;
  if (!may_go(with.go)) ::_exit(0);
  auto made = plan.uids.empty() ? result<void>() : become_root_of_namespace();
  if (made && (plan.pid || plan.shm_bytes > 0)) made = enter_empty_root(plan);
  if (made && plan.pid) made = become_pause(ready);
  if (!made) native::give_up(ready, made.error());
  (void)!::write(ready, "R", 1);
  ::close(ready);
  if (!plan.pid) (void)may_go(with.go);
  if (!plan.pid) ::_exit(0);
  for (;;) ::pause();
}

} // namespace gantry::monitor
