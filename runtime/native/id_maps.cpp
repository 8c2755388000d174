#include "runtime/native/id_maps.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "runtime/native/launch_child.hpp"
#include "runtime/native/procfs.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/id_mapped.hpp"
#include "runtime/sys/overlay_mount.hpp"
#include "runtime/sys/rooted_dir.hpp"

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
  const auto copied = entry.recursive ? sys::reach::all_below : sys::reach::this_mount;
  const auto mapped = entry.mapped == id_mapped::recursively ? sys::reach::all_below : sys::reach::this_mount;
  return sys::id_mapped_copy(entry.source, users, copied, mapped);
}

/// Where a mount of `source` can lie: a folder, or a file.
result<void> make_place(int source, const std::string& target) {
  struct stat status {};
  if (::fstat(source, &status) != 0) return fail_errno(errno, "stat the source of {}", target);
  const bool made =
      S_ISDIR(status.st_mode) ? ::mkdir(target.c_str(), 0755) == 0 : ::mknod(target.c_str(), S_IFREG | 0644, 0) == 0;
  if (!made && errno != EEXIST) return fail_errno(errno, "create {}", target);
  return {};
}

constexpr mode_t way_mode = 0711; ///< of the folder that places lie in: a container's root passes through

bool has_maps(const mapped_mount& what) { return !what.uid_map.empty() || !what.users.empty(); }

result<sys::unique_fd> users_of(const mapped_mount& what) {
  if (!what.uid_map.empty()) return user_namespace_of(what.uid_map, what.gid_map);
  sys::unique_fd users(::open(what.users.c_str(), O_RDONLY | O_CLOEXEC));
  if (!users) return fail_errno(errno, "open the user namespace {}", what.users);
  return users;
}

result<void> mount_mapped_layers(const mapped_mount& what, int users) {
  GANTRY_TRY(sys::make_directories(what.target, way_mode));
  sys::overlay_plan plan;
  plan.lower = what.layers;
  plan.target = what.target;
  plan.users = "/proc/self/fd/" + std::to_string(users);
  return sys::mount_overlay(plan);
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

result<void> mount_mapped(const mapped_mount& what) {
  sys::unique_fd users;
  if (has_maps(what)) {
    GANTRY_LET(users, users_of(what));
  }
  if (!what.layers.empty()) return mount_mapped_layers(what, users.get());
  const auto copied = what.recursive ? sys::reach::all_below : sys::reach::this_mount;
  GANTRY_LET(const auto source, sys::open_part(what.source, what.sub_path));
  GANTRY_LET(const auto copy, sys::mount_copy(source.get(), what.source, copied));
  // What is mounted below may be of a kind that cannot be mapped: it keeps its owners.
  if (users) GANTRY_TRY(sys::map_ids(copy.get(), what.source, users.get(), sys::reach::this_mount));
  GANTRY_TRY(sys::make_directories(what.target.substr(0, what.target.rfind('/')), way_mode));
  GANTRY_TRY(make_place(copy.get(), what.target));
  if (::move_mount(copy.get(), "", AT_FDCWD, what.target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
    return fail_errno(errno, "mount at {}", what.target);
  return {};
}

} // namespace gantry::native
