#include "runtime/native/launch_child.hpp"

#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "runtime/native/cgroup_reuse.hpp"
#include "runtime/native/hooks.hpp"
#include "runtime/native/process_setup.hpp"
#include "runtime/native/procfs.hpp"
#include "runtime/native/systemd_cgroups.hpp"
#include "runtime/sys/exec_pointers.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/systemd/names.hpp"

namespace gantry::native {
namespace {

/// Above every target, so that dup2 onto one overwrites nothing that is still needed.
result<int> moved_above(int fd, int first) {
  if (fd < 0) return -1;
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, first);
  if (moved < 0) return fail_errno(errno, "move descriptor {}", fd);
  return moved;
}

result<void> wait_at_gate(int progress, int gate) {
  GANTRY_TRY(sys::write_all(progress, "R"));
  pollfd open{gate, POLLIN, 0};
  for (;;) {
    if (::poll(&open, 1, -1) < 0 && errno != EINTR) return fail_errno(errno, "wait at the gate");
    char byte = 0;
    const auto got = (open.revents & POLLIN) != 0 ? ::read(gate, &byte, 1) : 0;
    if (got == 1) return {};
    if (got == 0 && (open.revents & (POLLHUP | POLLERR)) != 0) return fail(errc::cancelled, "the gate was closed");
  }
}

} // namespace

result<launch_pipes> make_pipes(bool with_go) {
  launch_pipes pipes;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  pipes.progress_read.reset(ends[0]);
  pipes.progress_write.reset(ends[1]);
  if (!with_go) return pipes;
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  pipes.go_read.reset(ends[0]);
  pipes.go_write.reset(ends[1]);
  return pipes;
}

result<started> clone_process(std::uint64_t flags, const launch_options& options) {
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = flags | CLONE_PIDFD | (options.sibling ? CLONE_PARENT : 0ULL);
  arguments.exit_signal = options.sibling ? 0ULL : static_cast<std::uint64_t>(SIGCHLD); // clone(2): the parent's own
  arguments.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  if (options.cgroups != nullptr && options.cgroups->unified) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(options.cgroups->unified.get());
  }
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
  if (pid < 0) return fail_errno(errno, "make a process");
  if (pid == 0 && options.niceness) (void)::setpriority(PRIO_PROCESS, 0, *options.niceness);
  started made;
  made.pid = pid;
  if (pid > 0) made.pidfd.reset(pidfd);
  return made;
}

void leave_caller() {
  // Inherited by nothing: execve makes it dumpable again. Until then the container must not see into it.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  ::setsid();
  ::umask(0); // modes of nodes and folders are as they are written here; the process's own comes last
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_IGN); // until execve: a caller that is gone must not end it
}

result<void> join_cgroups(const launch_options& options) {
  if (options.cgroups == nullptr || options.cgroups->unified) return {};
  for (const auto& members : options.cgroups->members)
    if (::write(members.get(), "0", 1) < 0) return fail_errno(errno, "join a cgroup of {}", options.cgroup_path);
  return {};
}

/// The scope has this process in it then.
result<void> enter_own_scope(const launch_options& options, const resource_plan& resources) {
  GANTRY_LET(const auto procfs, open_procfs());
  GANTRY_LET(const auto own_name, own_name_in(procfs.get())); // systemd counts as the host does
  return make_scope(*options.host, options.cgroup_path, resources, std::atoi(own_name.c_str())).map([](const auto&) {});
}

result<cgroup_handles> take_or_make_cgroups(const launch_options& options, const resource_plan& resources) {
  if (!options.idle_cgroups.empty())
    if (auto taken = take_idle_cgroups(*options.host, options.idle_cgroups, options.cgroup_path, resources))
      return taken;
  return make_cgroups(*options.host, options.cgroup_path, resources, hierarchies::needed);
}

result<void> make_own_cgroups(const launch_options& options, const resource_plan& resources) {
  if (!options.make_cgroups || options.host == nullptr) return {};
  if (systemd::is_scope(options.cgroup_path)) return enter_own_scope(options, resources);
  GANTRY_LET(auto made, take_or_make_cgroups(options, resources));
  made.unified.reset(); // that was for clone3
  auto joining = options;
  joining.cgroups = &made;
  return join_cgroups(joining);
}

result<void> place_descriptors(const child_context& child, int& gate) {
  const auto& from = child.descriptors;
  std::vector<int> wanted = {from.input, from.output, from.error_output};
  wanted.insert(wanted.end(), from.extra.begin(), from.extra.end());
  const int first_free = static_cast<int>(wanted.size()) + 4;
  for (auto& fd : wanted) {
    GANTRY_LET(fd, moved_above(fd, first_free));
  }
  GANTRY_LET(child.progress, moved_above(child.progress, first_free));
  GANTRY_LET(gate, moved_above(gate, first_free));
  for (std::size_t at = 0; at < wanted.size(); ++at)
    if (wanted[at] >= 0 && ::dup2(wanted[at], static_cast<int>(at)) < 0)
      return fail_errno(errno, "place descriptor {}", at);
  return close_descriptors(static_cast<int>(wanted.size()), child.progress, gate);
}

result<void> join_keyring(const launch_options& options) {
  if (!options.new_keyring) return {};
  const auto name = "_ses." + options.id;
  // EDQUOT, ENOSYS: a host without keyrings, or with full ones, runs containers all the same.
  if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name.c_str()) < 0 && errno != ENOSYS && errno != EDQUOT)
    return fail_errno(errno, "make a session keyring");
  return {};
}

result<void> execute(const child_context& child, int gate, const std::vector<hook>* start_hooks,
                     const std::string& state_json) {
  GANTRY_LET(const auto program, find_program(child.process));
  const auto environment = environment_of(child.process);
  if (gate >= 0) GANTRY_TRY(wait_at_gate(child.progress, gate));
  if (start_hooks != nullptr) GANTRY_TRY(run_hooks(*start_hooks, "startContainer", state_json));
  const auto args = sys::pointers_to(child.process.args), env = sys::pointers_to(environment);
  ::signal(SIGPIPE, SIG_DFL);
  GANTRY_TRY(load_filter(child.process, child.filter, moment::last));
  ::execve(program.c_str(), args.data(), env.data());
  return fail_errno(errno, "exec {}", program);
}

void give_up(int progress, const error& why) {
  const auto code = static_cast<char>('0' + static_cast<int>(why.code));
  std::string text = {'E', code};
  (void)sys::write_all(progress, text + why.message);
  ::_exit(1);
}

} // namespace gantry::native
