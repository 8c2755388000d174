#pragma once

#include "messages/domain/error.hpp"
#include "runtime/cgroup/mode.hpp"
#include "runtime/native/container_plan.hpp"
#include "runtime/sys/rooted_dir.hpp"
#include "runtime/sys/unique_fd.hpp"

/// A container's root and what is mounted in it, made by its init before it enters. Every mount is made detached and
/// then attached to an O_PATH descriptor that openat2(2) found below the root, so no name of the image's, symlinks
/// included, leads to the host. One thread, in the container's new mount namespace.
namespace gantry::native {

/// What a cgroup mount shows: the host's hierarchies and the container's own path in them.
struct cgroup_view {
  const cgroup::layout* host = nullptr;
  std::string path;
};

/// The root under construction.
struct root_tree {
  sys::rooted_dir root;       ///< the root's mount
  sys::unique_fd proc;        ///< the container's own procfs, when one is mounted at /proc
  bool own_dev = true;        ///< /dev is no bind from elsewhere: devices are made in it
  bool dev_read_only = false; ///< … once they are
};

/// Detaches the namespace's mounts from the host's.
result<void> detach_from_host(const container_plan& plan);
/// Where the root will be attached: `plan.root`.
result<sys::unique_fd> open_place_of_root(const container_plan& plan);
/// Mounts the plan's files, the pod's /dev/shm and what is mapped, and makes the root, which is attached nowhere yet.
result<sys::unique_fd> make_root(const container_plan& plan);
/// Attaches it at its place.
result<root_tree> attach_made_root(sys::unique_fd root, int place, const container_plan& plan);

/// One mount of the plan (root_mounts.cpp). Missing targets are made in the root. `source`: of a bind, when it has been
/// opened before (open_mapped_sources), else -1. Errors name the target.
result<void> add_mount(root_tree& tree, const container_plan& plan, const mount_entry& entry, const cgroup_view& groups,
                       int source);

/// Device nodes, by mknod(2) or in a user namespace as binds of the host's; the links of /dev (runtime-spec
/// config-linux.md, "Default Devices"; runtime-linux.md, "Dev symbolic links"). `made`: nodes of plan.devices that were
/// made before, to be attached; else none.
result<void> add_devices(const root_tree& tree, const container_plan& plan, const std::vector<sys::unique_fd>& made);

/// Hides the masked paths and closes the read-only ones. Absent ones are left out.
result<void> close_paths(const root_tree& tree, const container_plan& plan);

/// Makes the tree "/" and drops the host's, as seen from this process. After it the working directory is "/".
result<void> enter_root(const root_tree& tree, const container_plan& plan);

/// Attaches the mount `tree` at the place that `target` (O_PATH) is.
result<void> attach(int tree, int target, const std::string& name);

/// An O_PATH descriptor of `path` in the root; made as a folder or an empty file when absent.
enum class missing : std::uint8_t { folder, file };
result<sys::unique_fd> open_or_make(const sys::rooted_dir& root, const std::string& path, missing what);

} // namespace gantry::native
