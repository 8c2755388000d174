#include "runtime/native/id_maps.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "runtime/native/launch_child.hpp"
#include "runtime/native/procfs.hpp"

namespace gantry::native {
namespace {

std::string map_lines(const std::vector<id_mapping>& map) {
  std::string lines;
  for (const auto& one : map) lines += fmt::format("{} {} {}\n", one.inside, one.outside, one.count);
  return lines;
}

result<sys::unique_fd> mapped_namespace(pid_t pid, const std::vector<id_mapping>& uids,
                                        const std::vector<id_mapping>& gids) {
  GANTRY_LET(const auto procfs, open_procfs());
  GANTRY_TRY(write_id_maps(procfs.get(), pid, uids, gids));
  const auto name = std::to_string(pid) + "/ns/user";
  sys::unique_fd users(::openat(procfs.get(), name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!users) return fail_errno(errno, "open /proc/{}", name);
  return users;
}

/// A user namespace that nobody is in: it only says how IDs are mapped.
result<sys::unique_fd> user_namespace_of(const std::vector<id_mapping>& uids, const std::vector<id_mapping>& gids) {
  GANTRY_LET(const auto process, clone_process(CLONE_NEWUSER, {}));
  if (process.pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) ::pause();
  }
  auto users = mapped_namespace(process.pid, uids, gids);
  ::kill(process.pid, SIGKILL);
  while (::waitpid(process.pid, nullptr, __WALL) < 0 && errno == EINTR) {
  }
  return users;
}

result<sys::unique_fd> mapped_source(const mount_entry& entry, int users) {
  const unsigned deep = entry.recursive ? static_cast<unsigned>(AT_RECURSIVE) : 0U;
  sys::unique_fd copy(::open_tree(AT_FDCWD, entry.source.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | deep));
  if (!copy) return fail_errno(errno, "bind {}", entry.source);
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<std::uint64_t>(users);
  const unsigned all = entry.mapped == id_mapped::recursively ? static_cast<unsigned>(AT_RECURSIVE) : 0U;
  if (::mount_setattr(copy.get(), "", AT_EMPTY_PATH | all, &attributes, sizeof attributes) != 0)
    return fail_errno(errno, "map the IDs of the mount of {}: its file system may not support that", entry.source);
  return copy;
}

} // namespace

result<void> write_id_maps(int procfs, pid_t pid, const std::vector<id_mapping>& uids,
                           const std::vector<id_mapping>& gids) {
  const auto folder = std::to_string(pid);
  GANTRY_TRY(write_below(procfs, folder + "/uid_map", map_lines(uids)));
  return write_below(procfs, folder + "/gid_map", map_lines(gids));
}

result<std::vector<sys::unique_fd>> open_mapped_sources(const container_plan& plan, int users) {
  std::vector<sys::unique_fd> sources(plan.mounts.size());
  sys::unique_fd of_container;
  for (std::size_t at = 0; at < sources.size(); ++at) {
    const auto& entry = plan.mounts[at];
    if (entry.mapped == id_mapped::no) continue;
    sys::unique_fd own;
    int map = users;
    if (!entry.uid_map.empty()) {
      GANTRY_LET(own, user_namespace_of(entry.uid_map, entry.gid_map));
      map = own.get();
    } else if (map < 0) {
      if (!of_container) {
        GANTRY_LET(of_container, user_namespace_of(plan.uid_map, plan.gid_map));
      }
      map = of_container.get();
    }
    GANTRY_LET(sources[at], mapped_source(entry, map));
  }
  return sources;
}

} // namespace gantry::native
