#include "runtime/monitor/pod_plan.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <optional>

#include "runtime/native/id_maps.hpp"
#include "runtime/native/launch_child.hpp"
#include "runtime/native/mount_parts.hpp"
#include "runtime/native/procfs.hpp"
#include "runtime/native/systemd_cgroups.hpp"
#include "runtime/sys/descriptor_passing.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/loopback.hpp"
#include "runtime/sys/wire.hpp"

namespace gantry::monitor {
namespace {

void put(sys::wire_writer& out, const std::vector<native::id_mapping>& map) {
  out.put(static_cast<std::uint32_t>(map.size()));
  for (const auto& one : map) out.put(one.inside).put(one.outside).put(one.count);
}

void get(sys::wire_reader& in, std::vector<native::id_mapping>& map) {
  const auto count = in.read<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    auto& one = map.emplace_back();
    in.get(one.inside);
    in.get(one.outside);
    in.get(one.count);
  }
}

/// A process in the new namespaces, and what is held of it.
struct holder {
  native::started process;
  sys::unique_fd go, ready; ///< our ends
  std::string letters;
  std::vector<sys::unique_fd> handles;
};

std::uint64_t flags_of(const pod_plan& plan) {
  std::uint64_t flags = 0;
  if (!plan.uids.empty()) flags |= CLONE_NEWUSER; // the kernel makes it first: the others belong to it (clone(2))
  if (plan.network) flags |= CLONE_NEWNET;
  if (plan.ipc) flags |= CLONE_NEWIPC;
  if (plan.uts) flags |= CLONE_NEWUTS;
  if (plan.pid) flags |= CLONE_NEWPID;
  if (plan.pid || plan.shm_bytes > 0) flags |= CLONE_NEWNS;
  return flags;
}

result<void> start_holder(const pod_plan& plan, holder& made) {
  int go[2], ready[2];
  if (::pipe2(go, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  sys::unique_fd go_read(go[0]);
  made.go.reset(go[1]);
  if (::pipe2(ready, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  made.ready.reset(ready[0]);
  const sys::unique_fd ready_write(ready[1]);
  GANTRY_LET(made.process, native::clone_process(flags_of(plan), {}));
  if (made.process.pid != 0) return {};
  made.go.reset(); // else it would never read the end of it
  hold_pod(plan, {go_read.get(), ready_write.get()});
}

result<void> open_handles(const pod_plan& plan, int procfs, holder& made) {
  const struct {
    bool wanted;
    pod_handle letter;
    const char* name;
  } all[] = {{plan.network, pod_handle::network, "net"},
             {plan.ipc, pod_handle::ipc, "ipc"},
             {plan.uts, pod_handle::uts, "uts"},
             {plan.pid, pod_handle::pid, "pid"},
             {!plan.uids.empty(), pod_handle::user, "user"},
             {plan.shm_bytes > 0, pod_handle::mount, "mnt"}};
  for (const auto& one : all) {
    if (!one.wanted) continue;
    const auto path = fmt::format("{}/ns/{}", made.process.pid, one.name);
    sys::unique_fd fd(::openat(procfs, path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return fail_errno(errno, "open /proc/{}", path);
    made.handles.push_back(std::move(fd));
    made.letters.push_back(static_cast<char>(one.letter));
  }
  if (!plan.pid) return {};
  made.letters.push_back(static_cast<char>(pod_handle::pause));
  made.handles.emplace_back(::fcntl(made.process.pidfd.get(), F_DUPFD_CLOEXEC, 0));
  return {};
}

result<void> join_cgroup(const pod_plan& plan, pid_t pid) {
  const auto* host = cgroup::of_host();
  if (!plan.pid || plan.cgroup.empty() || host == nullptr) return {};
  auto groups = native::open_cgroups(*host, plan.cgroup);
  if (!groups && groups.error().code == errc::not_found)
    return native::move_into_new_cgroups(*host, plan.cgroup, {}, pid);
  if (!groups) return tl::unexpected<error>(groups.error());
  for (const auto& members : groups->members)
    if (auto joined = sys::write_all(members.get(), std::to_string(pid)); !joined)
      return within(joined.error(), "join the cgroup {}", plan.cgroup);
  return {};
}

/// Lets the holder enter its root, and waits until it has.
result<void> settle(holder& made) {
  GANTRY_TRY(sys::write_all(made.go.get(), "g"));
  char answer = 0;
  ssize_t got = 0;
  do got = ::read(made.ready.get(), &answer, 1);
  while (got < 0 && errno == EINTR);
  if (got == 1 && answer == 'R') return {};
  if (got != 1) return fail(errc::internal, "the pod's first process is gone");
  GANTRY_LET(const auto sentence, sys::read_all(made.ready.get(), 1 << 16, "the holder's pipe"));
  GANTRY_TRY(native::outcome_of(answer + sentence));
  return fail(errc::internal, "the pod's first process failed");
}

/// What the 0 of a map is on the host.
std::optional<std::uint32_t> root_of(const std::vector<native::id_mapping>& map) {
  for (const auto& one : map)
    if (one.inside == 0 && one.count > 0) return one.outside;
  return std::nullopt;
}

/// The sysctls of IPC look at who asks, not at capabilities: since Linux 5.19 they are the namespace's root's alone
/// (ipc/ipc_sysctl.c, ipc_permissions), before that the host's.
result<void> write_sysctl(const pod_plan& plan, int procfs, const std::string& path, const std::string& value) {
  auto set = native::write_below(procfs, path, value);
  const auto root = root_of(plan.uids);
  if (set || set.error().os_errno != EACCES || !root) return set;
  if (::seteuid(*root) != 0) return fail_errno(errno, "become the pod's root");
  set = native::write_below(procfs, path, value);
  if (::seteuid(0) != 0) return fail_errno(errno, "become the host's root again");
  return set;
}

result<void> set_sysctls(const pod_plan& plan, int procfs) {
  for (const auto& [name, value] : plan.sysctls) {
    std::string path = "sys/";
    // A name with a slash has its dots as they are: net/ipv4/conf/eth0.1/forwarding (sysctl(8)).
    const bool dotted = name.find('/') == std::string::npos;
    for (const char c : name) path.push_back(dotted && c == '.' ? '/' : c);
    if (auto set = write_sysctl(plan, procfs, path, value); !set) return within(set.error(), "sysctl {}", name);
  }
  return {};
}

/// The kernel makes the folder of message queues for who makes the namespace: the host's root (ipc/mqueue.c). It goes
/// to the pod's. A kernel without queues has none to give.
result<void> give_queues(const pod_plan& plan) {
  if (!plan.ipc || plan.uids.empty()) return {};
  const auto queues = native::new_file_system("mqueue", "mqueue", {}, 0);
  if (!queues) return {};
  const auto uid = root_of(plan.uids), gid = root_of(plan.gids);
  if (!uid || !gid || ::fchownat(queues->get(), "", *uid, *gid, AT_EMPTY_PATH) == 0) return {};
  return fail_errno(errno, "give the pod its message queues");
}

/// From within, with the host's rights: the kernel shows and takes sysctls by the namespaces of who asks, and those of
/// a pod with users of its own may not set all that the host may for it.
result<void> configure(const pod_plan& plan, int procfs, const holder& made) {
  for (std::size_t i = 0; i < made.handles.size(); ++i) {
    const auto letter = static_cast<pod_handle>(made.letters[i]);
    if (letter != pod_handle::network && letter != pod_handle::ipc && letter != pod_handle::uts) continue;
    if (::setns(made.handles[i].get(), 0) != 0) return fail_errno(errno, "enter a namespace of the pod");
  }
  if (plan.network) GANTRY_TRY(sys::bring_loopback_up());
  if (plan.uts && !plan.hostname.empty() && ::sethostname(plan.hostname.data(), plan.hostname.size()) != 0)
    return fail_errno(errno, "set the hostname {}", plan.hostname);
  GANTRY_TRY(give_queues(plan));
  return set_sysctls(plan, procfs);
}

result<void> finish(const pod_plan& plan, holder& made, int socket) {
  GANTRY_LET(const auto procfs, native::open_procfs());
  if (!plan.uids.empty()) GANTRY_TRY(native::write_id_maps(procfs.get(), made.process.pid, plan.uids, plan.gids));
  GANTRY_TRY(open_handles(plan, procfs.get(), made));
  GANTRY_TRY(join_cgroup(plan, made.process.pid));
  GANTRY_TRY(settle(made));
  GANTRY_TRY(configure(plan, procfs.get(), made));
  std::vector<int> descriptors;
  for (const auto& handle : made.handles) descriptors.push_back(handle.get());
  const auto letters = fmt::format("{} {}", made.letters, plan.pid ? made.process.pid : 0);
  return sys::send_with_descriptors(socket, letters, descriptors);
}

} // namespace

std::string encode(const pod_plan& plan) {
  sys::wire_writer out;
  out.put(plan.network).put(plan.ipc).put(plan.uts).put(plan.pid);
  put(out, plan.uids);
  put(out, plan.gids);
  out.put(plan.hostname).put(plan.sysctls).put(plan.cgroup).put(plan.shm_bytes);
  return out.take();
}

result<pod_plan> decode_pod_plan(std::string_view bytes) {
  sys::wire_reader in(bytes);
  pod_plan plan;
  in.get(plan.network);
  in.get(plan.ipc);
  in.get(plan.uts);
  in.get(plan.pid);
  get(in, plan.uids);
  get(in, plan.gids);
  in.get(plan.hostname);
  in.get(plan.sysctls);
  in.get(plan.cgroup);
  in.get(plan.shm_bytes);
  if (!in.done()) return fail(errc::corrupt, "zygote: a pod's plan has the wrong form");
  return plan;
}

result<void> make_pod(const pod_plan& plan, int socket) {
  holder made;
  GANTRY_TRY(start_holder(plan, made));
  auto finished = finish(plan, made, socket);
  if (finished && plan.pid) return {}; // the pause process stays: it becomes the monitor's when this one ends
  if (!finished) ::kill(made.process.pid, SIGKILL);
  made.go.reset();
  while (::waitpid(made.process.pid, nullptr, __WALL) < 0 && errno == EINTR) {
  }
  if (!finished && plan.pid && !plan.cgroup.empty()) (void)native::remove_empty_cgroups(plan.cgroup);
  return finished;
}

} // namespace gantry::monitor
