#include "runtime/native/launch_attended.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "runtime/native/id_maps.hpp"
#include "runtime/native/mount_parts.hpp"
#include "runtime/native/names.hpp"
#include "runtime/native/process_setup.hpp"
#include "runtime/native/procfs.hpp"
#include "runtime/native/root_tree.hpp"
#include "runtime/native/systemd_cgroups.hpp"
#include "runtime/sys/descriptor_passing.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::native {
namespace {

constexpr std::uint32_t nobody = 65'534; // what stands for an ID without a map (user_namespaces(7))
constexpr unsigned clone_tree = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;

bool is_opened(const mount_entry& entry) { return entry.bind && !entry.remount; }

std::size_t count_parts(const container_plan& plan) {
  const auto binds = std::count_if(plan.mounts.begin(), plan.mounts.end(), is_opened);
  return 1 + static_cast<std::size_t>(binds) + plan.devices.size();
}

// ---- making

std::uint32_t host_id(const std::vector<id_mapping>& map, std::uint32_t id) {
  for (const auto& one : map)
    if (id >= one.inside && id - one.inside < one.count) return one.outside + (id - one.inside);
  return nobody;
}

result<sys::unique_fd> make_device(const container_plan& plan, int folder, std::size_t at) {
  const auto& node = plan.devices[at];
  const auto name = std::to_string(at);
  const auto uid = host_id(plan.uid_map, node.uid), gid = host_id(plan.gid_map, node.gid);
  if (::mknodat(folder, name.c_str(), static_cast<mode_t>(node.type | node.mode), makedev(node.major, node.minor)) != 0)
    return fail_errno(errno, "error creating device node \"{}\"", node.path);
  if (::fchownat(folder, name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) != 0)
    return fail_errno(errno, "chown {}", node.path);
  sys::unique_fd copy(::open_tree(folder, name.c_str(), clone_tree));
  if (!copy) return fail_errno(errno, "bind {}", node.path);
  return copy;
}

/// In a tmpfs of the host's: one of the container's would let nobody open a device. The node is the container's, which
/// one of the host's would not be.
result<std::vector<sys::unique_fd>> make_devices(const container_plan& plan) {
  std::vector<sys::unique_fd> made;
  if (plan.devices.empty()) return made;
  GANTRY_LET(const auto folder, new_file_system("tmpfs", "gantry", {"mode=0755", "size=64k"}, MOUNT_ATTR_NOSUID));
  // Until Linux 6.15 only what is mounted can be copied.
  if (::move_mount(folder.get(), "", AT_FDCWD, plan.root.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
    return fail_errno(errno, "mount a tmpfs at {}", plan.root);
  for (std::size_t at = 0; at < plan.devices.size(); ++at) {
    GANTRY_LET(auto one, make_device(plan, folder.get(), at));
    made.push_back(std::move(one));
  }
  return made;
}

result<std::vector<sys::unique_fd>> open_sources(const container_plan& plan, int users) {
  GANTRY_LET(auto sources, open_mapped_sources(plan, users));
  for (std::size_t at = 0; at < sources.size(); ++at) {
    const auto& entry = plan.mounts[at];
    if (!is_opened(entry) || sources[at]) continue;
    const unsigned deep = entry.recursive ? static_cast<unsigned>(AT_RECURSIVE) : 0U;
    sources[at].reset(::open_tree(AT_FDCWD, entry.source.c_str(), clone_tree | deep));
    if (!sources[at]) return fail_errno(errno, "error mounting \"{}\" to rootfs at \"{}\"", entry.source, entry.target);
  }
  return sources;
}

/// In a mount namespace of the attendant's own, which ends with it: the host sees nothing of what lies between. Its
/// copies of the host's mounts follow those, and no container with other users gets one that leads back.
result<made_parts> make_parts(const container_plan& plan, int users) {
  if (::unshare(CLONE_NEWNS) != 0) return fail_errno(errno, "new mount namespace");
  if (::mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr) != 0)
    return fail_errno(errno, "set the propagation of /");
  made_parts made;
  GANTRY_LET(made.root, make_root(plan));
  GANTRY_LET(made.sources, open_sources(plan, users));
  GANTRY_LET(made.devices, make_devices(plan));
  return made;
}

// ---- passing

result<void> send_parts(int socket, const made_parts& parts) {
  std::vector<int> all = {parts.root.get()};
  for (const auto* list : {&parts.sources, &parts.devices})
    for (const auto& one : *list)
      if (one) all.push_back(one.get());
  for (std::size_t at = 0; at < all.size(); at += sys::max_passed_descriptors) {
    const auto end = std::min(all.size(), at + sys::max_passed_descriptors);
    const std::vector<int> some(all.begin() + static_cast<std::ptrdiff_t>(at),
                                all.begin() + static_cast<std::ptrdiff_t>(end));
    GANTRY_TRY(sys::send_with_descriptors(socket, "p", some));
  }
  return {};
}

struct socket_pair {
  sys::unique_fd ours, theirs;
};

result<socket_pair> make_socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno(errno, "socketpair");
  socket_pair made;
  made.ours.reset(ends[0]);
  made.theirs.reset(ends[1]);
  return made;
}

// ---- the attendant

result<void> set_limits_of(pid_t pid, const process_plan& plan) {
  for (const auto& one : plan.rlimits) {
    const rlimit limit{one.soft, one.hard};
    if (::prlimit(pid, static_cast<__rlimit_resource>(one.resource), &limit, nullptr) != 0)
      return fail_errno(errno, "error setting rlimit {}", rlimit_name(one.resource));
  }
  return {};
}

result<void> move_into_cgroups(const launch_options& options, const resource_plan& resources, pid_t pid) {
  if (!options.make_cgroups || options.host == nullptr) return {};
  return move_into_new_cgroups(*options.host, options.cgroup_path, resources, pid);
}

result<void> serve(const container_plan& plan, const launch_options& options, int go, const inheritance& given,
                   pid_t init) {
  GANTRY_TRY(move_into_cgroups(options, plan.resources, init));
  GANTRY_TRY(set_from_outside(init, plan));
  GANTRY_LET(const auto parts, make_parts(plan, joined_users(given.joined)));
  return send_parts(go, parts);
}

/// Its life. Until the init is there the launcher waits for `report`; then all failures go where the init's own do.
[[noreturn]] void attend(const container_plan& plan, const launch_descriptors& descriptors,
                         const launch_options& options, launch_pipes& pipes, sys::unique_fd report) {
  leave_caller();
  pipes.progress_read.reset();
  inheritance given;
  given.attended = true;
  auto for_init = options;
  for_init.make_cgroups = false;
  auto init = clone_init(plan, descriptors, for_init, pipes, given);
  if (!init) give_up(report.get(), init.error());
  pipes.go_read.reset();
  const std::string_view number(reinterpret_cast<const char*>(&init->pid), sizeof init->pid);
  auto served = sys::send_with_descriptors(report.get(), number, {init->pidfd.get()});
  report.reset();
  if (served) served = serve(plan, options, pipes.go_write.get(), given, init->pid);
  if (served) ::_exit(0);
  ::syscall(SYS_pidfd_send_signal, init->pidfd.get(), SIGKILL, nullptr, 0); // before it says that its launcher is gone
  give_up(pipes.progress_write.get(), served.error());
}

result<started> hear_of_init(int report) {
  GANTRY_LET(auto told, sys::receive_with_descriptors(report, 1 << 12));
  started init;
  if (told.descriptors.size() == 1 && told.bytes.size() == sizeof init.pid) {
    std::memcpy(&init.pid, told.bytes.data(), sizeof init.pid);
    init.pidfd = std::move(told.descriptors.front());
    return init;
  }
  GANTRY_LET(const auto rest, sys::read_all(report, 1 << 16, "the attendant's socket"));
  GANTRY_TRY(outcome_of(told.bytes + rest));
  return fail(errc::internal, "the process that launches the container is gone");
}

} // namespace

bool needs_attendant(const container_plan& plan) {
  const auto* users = plan.find_namespace(CLONE_NEWUSER);
  return users != nullptr && !users->path.empty() && plan.hooks.prestart.empty() && plan.hooks.create_runtime.empty();
}

result<void> set_from_outside(pid_t pid, const container_plan& plan) {
  GANTRY_LET(const auto procfs, open_procfs());
  GANTRY_TRY(set_oom_score(procfs.get(), pid, plan.process));
  GANTRY_TRY(set_limits_of(pid, plan.process));
  const auto* users = plan.find_namespace(CLONE_NEWUSER);
  if (users != nullptr && !users->path.empty()) return {};
  return write_id_maps(procfs.get(), pid, plan.uid_map, plan.gid_map);
}

result<made_parts> receive_parts(int socket, const container_plan& plan) {
  std::vector<sys::unique_fd> all;
  while (all.size() < count_parts(plan)) {
    GANTRY_LET(auto some, sys::receive_with_descriptors(socket, 1));
    if (some.bytes.empty() || some.descriptors.empty()) return fail(errc::cancelled, "the launcher is gone");
    std::move(some.descriptors.begin(), some.descriptors.end(), std::back_inserter(all));
  }
  if (all.size() != count_parts(plan)) return fail(errc::internal, "the launcher sent what was not expected");
  made_parts parts;
  auto next = all.begin();
  parts.root = std::move(*next++);
  parts.sources.resize(plan.mounts.size());
  for (std::size_t at = 0; at < plan.mounts.size(); ++at)
    if (is_opened(plan.mounts[at])) parts.sources[at] = std::move(*next++);
  std::move(next, all.end(), std::back_inserter(parts.devices));
  return parts;
}

result<started> launch_attended(const container_plan& plan, const launch_descriptors& descriptors,
                                const launch_options& options) {
  GANTRY_LET(auto pipes, make_pipes(false));
  GANTRY_LET(auto go, make_socket_pair());
  GANTRY_LET(auto report, make_socket_pair());
  pipes.go_write = std::move(go.ours);
  pipes.go_read = std::move(go.theirs);
  launch_options as_sibling;
  as_sibling.sibling = options.sibling;
  GANTRY_LET(const auto attendant, clone_process(0, as_sibling));
  if (attendant.pid == 0) {
    report.ours.reset();
    attend(plan, descriptors, options, pipes, std::move(report.theirs));
  }
  report.theirs.reset();
  GANTRY_LET(auto init, hear_of_init(report.ours.get()));
  init.progress = std::move(pipes.progress_read);
  return init;
}

} // namespace gantry::native
