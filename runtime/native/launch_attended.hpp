#pragma once

#include "runtime/native/launch_child.hpp"

/// A container that joins a user namespace has no right to what lies on the host: its layers, the sources of its binds,
/// its cgroups. Who launches it does that for it while it waits.
namespace gantry::native {

/// What takes the host's rights to make, attached nowhere.
struct made_parts {
  sys::unique_fd root;
  std::vector<sys::unique_fd> sources; ///< of binds, by index in plan.mounts; empty: the init opens it
  std::vector<sys::unique_fd> devices; ///< nodes, by index in plan.devices; none: the init makes them
};

/// What an init is born with, besides its context.
struct inheritance {
  std::vector<opened_namespace> joined;
  bool through_stage = false; ///< which has joined them
  bool attended = false;      ///< its parts come over `go`
  made_parts parts;
  sys::unique_fd place; ///< where an attended one attaches its root
};

/// Clones the init, which goes its way; returns in the caller alone. Errors: launch_init's.
result<started> clone_init(const container_plan& plan, const launch_descriptors& descriptors,
                           const launch_options& options, launch_pipes& pipes, inheritance& given);

/// Sets what a process with other users may not set for itself: its oom score, limits and, of new users, their maps.
result<void> set_from_outside(pid_t pid, const container_plan& plan);

/// The parts, from the attendant. Errors: cancelled when that is gone.
result<made_parts> receive_parts(int socket, const container_plan& plan);

} // namespace gantry::native
