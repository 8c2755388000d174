#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <grp.h>

#include "runtime/native/launch_child.hpp"
#include "runtime/native/process_setup.hpp"
#include "runtime/native/procfs.hpp"
#include "runtime/native/scheduling.hpp"
#include "runtime/native/terminal.hpp"

namespace gantry::native {
namespace {

result<void> enter(const child_context& child, const exec_target& target) {
  GANTRY_TRY(set_affinity(child.process.cpus_before, "initial"));
  GANTRY_TRY(join_cgroups(child.options));
  GANTRY_TRY(set_affinity(child.process.cpus_after, "final"));
  GANTRY_TRY(set_scheduling(child.process));
  GANTRY_LET(const auto procfs, open_procfs());
  GANTRY_TRY(set_oom_score_of_self(procfs.get(), child.process));
  GANTRY_TRY(set_limits(child.process));
  const auto kinds = target.namespaces & ~static_cast<std::uint32_t>(CLONE_NEWPID);
  // All at once: with the mount namespace root and working directory become the container's (setns(2)).
  if (kinds != 0 && ::setns(target.init, static_cast<int>(kinds)) != 0)
    return fail_errno(errno, "join the container's namespaces");
  if ((kinds & CLONE_NEWUSER) != 0 &&
      (::setgroups(0, nullptr) != 0 || ::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0))
    return fail_errno(errno, "become root of the user namespace");
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return {};
}

result<void> make_terminal(const child_context& child) {
  if (!child.process.terminal) return {};
  if (child.descriptors.console_socket < 0)
    return fail(errc::invalid_argument, "a terminal needs a console socket to send its master to");
  GANTRY_LET(const auto root, sys::rooted_dir::open("/"));
  GANTRY_LET(const auto pair, open_terminal(root, child.process));
  GANTRY_TRY(send_master(child.descriptors.console_socket, pair.master.get()));
  return take_terminal(pair.slave.get());
}

result<void> child_part(const child_context& child, const exec_target& target) {
  leave_caller();
  GANTRY_TRY(enter(child, target));
  GANTRY_TRY(join_keyring(child.options));
  GANTRY_TRY(make_terminal(child));
  if (!child.process.apparmor_profile.empty() || !child.process.selinux_label.empty()) {
    GANTRY_LET(const auto procfs, detached_procfs());
    GANTRY_TRY(set_labels(procfs.get(), child.process));
  }
  int gate = child.descriptors.gate;
  GANTRY_TRY(place_descriptors(child, gate));
  GANTRY_TRY(become(child.process, child.filter));
  return execute(child, gate, nullptr, {});
}

} // namespace

result<started> launch_exec(const process_plan& process, const seccomp_plan& filter, const exec_target& target,
                            const launch_descriptors& descriptors, const launch_options& options) {
  GANTRY_LET(auto pipes, make_pipes(false));
  // The child is born into the container's PID namespace: only children of a process ever change it.
  sys::unique_fd own;
  if ((target.namespaces & CLONE_NEWPID) != 0) {
    own.reset(::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC));
    if (!own || ::setns(target.init, CLONE_NEWPID) != 0) return fail_errno(errno, "join the container's PID namespace");
  }
  auto cloned = clone_process(0, options);
  if (cloned && cloned->pid == 0) {
    int progress = pipes.progress_write.release();
    const child_context child{process, filter, descriptors, options, pipes, progress};
    auto outcome = child_part(child, target);
    give_up(progress, outcome.error());
  }
  if (own) (void)::setns(own.get(), CLONE_NEWPID);
  if (!cloned) return cloned;
  pipes.progress_write.reset();
  cloned->progress = std::move(pipes.progress_read);
  return cloned;
}

} // namespace gantry::native
