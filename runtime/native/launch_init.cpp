#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <grp.h>

#include "runtime/native/hooks.hpp"
#include "runtime/native/id_maps.hpp"
#include "runtime/native/launch_attended.hpp"
#include "runtime/native/launch_child.hpp"
#include "runtime/native/names.hpp"
#include "runtime/native/process_setup.hpp"
#include "runtime/native/procfs.hpp"
#include "runtime/native/root_tree.hpp"
#include "runtime/native/scheduling.hpp"
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

// ---- the caller's part, where it has one

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
    GANTRY_TRY(set_from_outside(process.pid, plan));
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

result<void> become_root_of_users() {
  if (::setgroups(0, nullptr) != 0 || ::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0)
    return fail_errno(errno, "become root of the user namespace");
  // A change of user makes the process dumpable as the system is set to (prctl(2)).
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return {};
}

/// The host's users first: their rights are needed to find the place of the root.
result<void> take_from_attendant(const child_context& child, const container_plan& plan, inheritance& given) {
  GANTRY_TRY(detach_from_host(plan));
  GANTRY_LET(given.place, open_place_of_root(plan));
  GANTRY_LET(given.parts, receive_parts(child.pipes.go_read.get(), plan));
  return become_root_of_users();
}

result<void> enter_namespaces(const child_context& child, const container_plan& plan, inheritance& given) {
  GANTRY_TRY(join_cgroups(child.options));
  GANTRY_TRY(make_own_cgroups(child.options, plan.resources));
  if (!has_users(plan)) { // else the caller has set them
    GANTRY_LET(const auto procfs, open_procfs());
    // /proc shows the host's PIDs: "self" is what it calls this process.
    GANTRY_TRY(set_oom_score_of_self(procfs.get(), child.process));
    GANTRY_TRY(set_limits(child.process));
  } else if (given.attended) {
    GANTRY_TRY(take_from_attendant(child, plan, given));
  } else {
    GANTRY_TRY(wait_for_caller(child.pipes.go_read.get()));
    GANTRY_TRY(become_root_of_users());
  }
  GANTRY_TRY(set_scheduling(child.process));
  if (!given.through_stage) GANTRY_TRY(join_namespaces(given.joined));
  // Not by clone3: its root would be the caller's cgroup.
  const auto* groups = plan.find_namespace(CLONE_NEWCGROUP);
  if (groups != nullptr && groups->path.empty() && ::unshare(CLONE_NEWCGROUP) != 0)
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

result<root_tree> begin_root(const container_plan& plan, inheritance& given) {
  if (given.attended) return attach_made_root(std::move(given.parts.root), given.place.get(), plan);
  GANTRY_TRY(detach_from_host(plan));
  GANTRY_LET(auto made, make_root(plan));
  GANTRY_LET(const auto place, open_place_of_root(plan));
  return attach_made_root(std::move(made), place.get(), plan);
}

result<void> build_root(const child_context& child, const container_plan& plan, inheritance& given) {
  GANTRY_LET(auto tree, begin_root(plan, given));
  const cgroup_view groups{child.options.host, child.options.cgroup_path};
  for (std::size_t at = 0; at < plan.mounts.size(); ++at)
    GANTRY_TRY(add_mount(tree, plan, plan.mounts[at], groups, given.parts.sources[at].get()));
  GANTRY_TRY(add_devices(tree, plan, given.parts.devices));
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

result<void> child_part(const child_context& child, const container_plan& plan, inheritance& given) {
  leave_caller();
  child.pipes.go_write.reset();
  child.pipes.progress_read.reset();
  GANTRY_TRY(enter_namespaces(child, plan, given));
  GANTRY_TRY(join_keyring(child.options));
  GANTRY_TRY(build_root(child, plan, given));
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

result<started> clone_init(const container_plan& plan, const launch_descriptors& descriptors,
                           const launch_options& options, launch_pipes& pipes, inheritance& given) {
  GANTRY_LET(given.joined, open_namespaces(plan));
  given.through_stage = has_users(plan) && !given.joined.empty();
  if (!given.attended) {
    GANTRY_LET(given.parts.sources, open_mapped_sources(plan, joined_users(given.joined)));
  }
  GANTRY_LET(auto place, birthplace::of(plan, given.joined));
  const auto flags = clone_flags(plan);
  auto cloned = given.through_stage ? clone_through_stage(flags, given.joined, options) : clone_process(flags, options);
  if (!cloned || cloned->pid != 0) return cloned;
  int progress = pipes.progress_write.release();
  const child_context child{plan.process, plan.seccomp, descriptors, options, pipes, progress};
  auto outcome = child_part(child, plan, given);
  give_up(progress, outcome.error());
}

result<started> launch_init(const container_plan& plan, const launch_descriptors& descriptors,
                            const launch_options& options) {
  GANTRY_LET(auto pipes, make_pipes(needs_caller(plan)));
  inheritance given;
  GANTRY_LET(auto init, clone_init(plan, descriptors, options, pipes, given));
  pipes.progress_write.reset();
  pipes.go_read.reset();
  init.progress = std::move(pipes.progress_read);
  if (auto done = needs_caller(plan) ? caller_part(plan, options, pipes, init) : result<void>{}; !done) {
    ::kill(init.pid, SIGKILL);
    return tl::unexpected<error>(done.error());
  }
  return init;
}

} // namespace gantry::native
