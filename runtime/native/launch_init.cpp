#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <grp.h>

#include "runtime/native/hooks.hpp"
#include "runtime/native/launch_child.hpp"
#include "runtime/native/names.hpp"
#include "runtime/native/process_setup.hpp"
#include "runtime/native/procfs.hpp"
#include "runtime/native/root_tree.hpp"
#include "runtime/native/terminal.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/loopback.hpp"

namespace gantry::native {
namespace {

constexpr std::uint32_t made_by_clone =
    CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWUSER;

bool has_users(const container_plan& plan) { return plan.find_namespace(CLONE_NEWUSER) != nullptr; }

std::uint64_t clone_flags(const container_plan& plan) {
  std::uint64_t flags = 0;
  for (const auto& one : plan.namespaces)
    if (one.path.empty()) flags |= one.flag & made_by_clone;
  return flags;
}

result<void> join_namespace(const namespace_request& one) {
  const sys::unique_fd fd(::open(one.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "namespace {}", one.path);
  if (::setns(fd.get(), static_cast<int>(one.flag)) != 0) return fail_errno(errno, "join namespace {}", one.path);
  return {};
}

/// Has the next child be born into a PID namespace that exists, and undoes that (pid_namespaces(7)).
class birthplace {
public:
  static result<birthplace> of(const namespace_request* wanted) {
    birthplace place;
    if (wanted == nullptr || wanted->path.empty()) return place;
    place.own_.reset(::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC));
    if (!place.own_) return fail_errno(errno, "open /proc/self/ns/pid");
    GANTRY_TRY(join_namespace(*wanted));
    return place;
  }
  void leave() {
    if (own_) (void)::setns(own_.get(), CLONE_NEWPID);
    own_.reset();
  }

private:
  sys::unique_fd own_;
};

// ---- the caller's part, where it has one

std::string map_lines(const std::vector<id_mapping>& map) {
  std::string lines;
  for (const auto& one : map) lines += fmt::format("{} {} {}\n", one.inside, one.outside, one.count);
  return lines;
}

result<void> set_limits_of(pid_t pid, const process_plan& plan) {
  for (const auto& one : plan.rlimits) {
    const rlimit limit{one.soft, one.hard};
    if (::prlimit(pid, static_cast<__rlimit_resource>(one.resource), &limit, nullptr) != 0)
      return fail_errno(errno, "error setting rlimit {}", rlimit_name(one.resource));
  }
  return {};
}

result<void> set_maps(pid_t pid, const container_plan& plan) {
  GANTRY_LET(const auto procfs, open_procfs());
  const auto folder = std::to_string(pid);
  GANTRY_TRY(set_oom_score(procfs.get(), pid, plan.process));
  GANTRY_TRY(set_limits_of(pid, plan.process));
  GANTRY_TRY(write_below(procfs.get(), folder + "/uid_map", map_lines(plan.uid_map)));
  return write_below(procfs.get(), folder + "/gid_map", map_lines(plan.gid_map));
}

/// 'M' of the child: its mounts are made. Anything else: it has failed.
result<void> wait_for_mounts(started& process) {
  char byte = 0;
  ssize_t got = 0;
  do got = ::read(process.progress.get(), &byte, 1);
  while (got < 0 && errno == EINTR);
  if (got == 1 && byte == 'M') return {};
  std::string text(1, byte);
  text += sys::read_all(process.progress.get(), 1 << 16, "progress").value_or(std::string());
  auto outcome = outcome_of(text);
  return outcome ? result<void>(fail(errc::internal, "the container's init is gone")) : outcome;
}

container_state state_of(const container_plan& plan, const launch_options& options, pid_t pid) {
  return {options.id, "creating", options.bundle, pid, plan.annotations};
}

result<void> caller_part(const container_plan& plan, const launch_options& options, launch_pipes& pipes,
                         started& process) {
  if (has_users(plan)) {
    GANTRY_TRY(set_maps(process.pid, plan));
    GANTRY_TRY(sys::write_all(pipes.go_write.get(), "U"));
  }
  if (plan.hooks.prestart.empty() && plan.hooks.create_runtime.empty()) return {};
  GANTRY_TRY(wait_for_mounts(process));
  const auto state = to_json(state_of(plan, options, process.pid));
  GANTRY_TRY(run_hooks(plan.hooks.prestart, "prestart", state));
  GANTRY_TRY(run_hooks(plan.hooks.create_runtime, "createRuntime", state));
  return sys::write_all(pipes.go_write.get(), "H");
}

// ---- the child's part

result<void> wait_for_caller(int go) {
  char byte = 0;
  ssize_t got = 0;
  do got = ::read(go, &byte, 1);
  while (got < 0 && errno == EINTR);
  if (got != 1) return fail(errc::cancelled, "the launcher is gone");
  return {};
}

result<void> become_root_of_users(const launch_pipes& pipes) {
  GANTRY_TRY(wait_for_caller(pipes.go_read.get()));
  if (::setgroups(0, nullptr) != 0 || ::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0)
    return fail_errno(errno, "become root of the user namespace");
  // A change of user makes the process dumpable as the system is set to (prctl(2)).
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return {};
}

result<void> enter_namespaces(const child_context& child, const container_plan& plan) {
  GANTRY_TRY(join_cgroups(child.options));
  GANTRY_TRY(make_own_cgroups(child.options, plan.resources));
  if (!has_users(plan)) { // else the caller has set them
    GANTRY_LET(const auto procfs, open_procfs());
    // /proc shows the host's PIDs: "self" is what it calls this process.
    GANTRY_TRY(set_oom_score_of_self(procfs.get(), child.process));
    GANTRY_TRY(set_limits(child.process));
  } else {
    GANTRY_TRY(become_root_of_users(child.pipes));
  }
  for (const auto& one : plan.namespaces)
    if (!one.path.empty() && one.flag != CLONE_NEWPID) GANTRY_TRY(join_namespace(one));
  // Not by clone3: its root would be the caller's cgroup.
  if (plan.find_namespace(CLONE_NEWCGROUP) != nullptr && ::unshare(CLONE_NEWCGROUP) != 0)
    return fail_errno(errno, "new cgroup namespace");
  const auto* network = plan.find_namespace(CLONE_NEWNET);
  if (network != nullptr && network->path.empty()) GANTRY_TRY(sys::bring_loopback_up());
  return {};
}

result<void> set_sysctls(const root_tree& tree, const container_plan& plan) {
  if (plan.sysctls.empty()) return {};
  sys::unique_fd own;
  if (!tree.proc) {
    GANTRY_LET(own, detached_procfs());
  }
  const int procfs = tree.proc ? tree.proc.get() : own.get();
  for (const auto& [name, value] : plan.sysctls) {
    std::string path = "sys/";
    // A name with a slash has its dots as they are: net/ipv4/conf/eth0.1/forwarding (sysctl(8)).
    const bool dotted = name.find('/') == std::string::npos;
    for (const char c : name) path.push_back(dotted && c == '.' ? '/' : c);
    if (auto written = write_below(procfs, path, value); !written) return within(written.error(), "sysctl {}", name);
  }
  return {};
}

result<void> set_names(const container_plan& plan) {
  if (!plan.hostname.empty() && ::sethostname(plan.hostname.data(), plan.hostname.size()) != 0)
    return fail_errno(errno, "sethostname");
  if (!plan.domainname.empty() && ::setdomainname(plan.domainname.data(), plan.domainname.size()) != 0)
    return fail_errno(errno, "setdomainname");
  return {};
}

result<void> run_creation_hooks(const child_context& child, const container_plan& plan) {
  if (!plan.hooks.prestart.empty() || !plan.hooks.create_runtime.empty()) {
    GANTRY_TRY(sys::write_all(child.progress, "M"));
    GANTRY_TRY(wait_for_caller(child.pipes.go_read.get()));
  }
  return run_hooks(plan.hooks.create_container, "createContainer", to_json(state_of(plan, child.options, ::getpid())));
}

result<void> make_terminal(const child_context& child, const root_tree& tree) {
  if (!child.process.terminal) return {};
  if (child.descriptors.console_socket < 0)
    return fail(errc::invalid_argument, "a terminal needs a console socket to send its master to");
  GANTRY_LET(const auto pair, open_terminal(tree.root, child.process));
  GANTRY_TRY(send_master(child.descriptors.console_socket, pair.master.get()));
  GANTRY_TRY(add_console(tree.root, pair.slave.get()));
  return take_terminal(pair.slave.get());
}

/// runc makes a missing working directory.
void make_working_directory(const root_tree& tree, const process_plan& plan) {
  if (plan.cwd != "/" && !tree.root.open_at(plan.cwd, O_PATH)) (void)tree.root.make_directories(plan.cwd, 0755);
}

result<void> build_root(const child_context& child, const container_plan& plan) {
  GANTRY_LET(auto tree, attach_root(plan));
  const cgroup_view groups{child.options.host, child.options.cgroup_path};
  for (const auto& one : plan.mounts) GANTRY_TRY(add_mount(tree, plan, one, groups));
  GANTRY_TRY(add_devices(tree, plan));
  GANTRY_TRY(run_creation_hooks(child, plan));
  make_working_directory(tree, plan.process);
  GANTRY_TRY(make_terminal(child, tree));
  GANTRY_TRY(set_names(plan));
  GANTRY_TRY(set_sysctls(tree, plan));
  if (!plan.process.apparmor_profile.empty() || !plan.process.selinux_label.empty()) {
    GANTRY_LET(const auto procfs, detached_procfs());
    GANTRY_TRY(set_labels(procfs.get(), plan.process));
  }
  GANTRY_TRY(close_paths(tree, plan));
  return enter_root(tree, plan);
}

result<void> child_part(const child_context& child, const container_plan& plan) {
  leave_caller();
  child.pipes.go_write.reset();
  child.pipes.progress_read.reset();
  GANTRY_TRY(enter_namespaces(child, plan));
  GANTRY_TRY(join_keyring(child.options));
  GANTRY_TRY(build_root(child, plan));
  if (plan.personality != 0 && ::personality(static_cast<unsigned long>(plan.personality)) < 0)
    return fail_errno(errno, "set the personality");
  int gate = child.descriptors.gate;
  GANTRY_TRY(place_descriptors(child, gate));
  GANTRY_TRY(become(child.process, child.filter));
  const auto state = to_json(state_of(plan, child.options, ::getpid()));
  return execute(child, gate, &plan.hooks.start_container, state);
}

} // namespace

bool needs_caller(const container_plan& plan) {
  return has_users(plan) || !plan.hooks.prestart.empty() || !plan.hooks.create_runtime.empty();
}

result<started> launch_init(const container_plan& plan, const launch_descriptors& descriptors,
                            const launch_options& options) {
  GANTRY_LET(auto pipes, make_pipes(needs_caller(plan)));
  GANTRY_LET(auto place, birthplace::of(plan.find_namespace(CLONE_NEWPID)));
  auto cloned = clone_process(clone_flags(plan), options);
  if (cloned && cloned->pid == 0) {
    int progress = pipes.progress_write.release();
    const child_context child{plan.process, plan.seccomp, descriptors, options, pipes, progress};
    auto outcome = child_part(child, plan);
    give_up(progress, outcome.error());
  }
  place.leave();
  if (!cloned) return cloned;
  pipes.progress_write.reset();
  pipes.go_read.reset();
  cloned->progress = std::move(pipes.progress_read);
  if (auto done = needs_caller(plan) ? caller_part(plan, options, pipes, *cloned) : result<void>{}; !done) {
    ::kill(cloned->pid, SIGKILL);
    return tl::unexpected<error>(done.error());
  }
  return cloned;
}

} // namespace gantry::native
