#pragma once

#include <sys/types.h>

#include "messages/domain/container.hpp"
#include "messages/domain/monitor.hpp"
#include "runtime/sys/rooted_dir.hpp"

namespace gantry::rootfs {

/// What a container's root is made of.
struct root_plan {
  pid_t init = 0;                     ///< of one that runs: its root is the one that this process has
  std::uint64_t start_time = 0;       ///< of `init`, sys::process_start_time
  monitor::rootfs layers;             ///< of one that does not run: mounted anew
  std::vector<resolved_mount> mounts; ///< volumes and binds that are to be seen in it
  bool read_only = false;
};

/// A container's root with the mounts of `plan` in it and no other: not the tmpfs and /proc of one that runs, nor what
/// it has mounted itself. It is a tree of mounts of its own that is attached nowhere (open_tree(2)): no mount namespace
/// shows it, and it ends with its last descriptor, whatever dies. Devices in it do not open, programs do not run.
/// Missing mount points are made, as at a start. Content is hostile: each mount point is resolved within the root.
/// Blocks for some milliseconds; needs CAP_SYS_ADMIN. Errors: failed_precondition when `init` has ended or its root is
/// no overlay any more; not_found for a bind whose source is gone; the errno's.
result<sys::rooted_dir> mount_root(const root_plan& plan);

} // namespace gantry::rootfs
