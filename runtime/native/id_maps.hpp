#pragma once

#include <sys/types.h>

#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/native/container_plan.hpp"
#include "runtime/sys/unique_fd.hpp"

/// Maps of user namespaces (user_namespaces(7)) and mounts with mapped IDs (mount_setattr(2), "ID-mapped mounts"). The
/// caller has the host's rights and one thread.
namespace gantry::native {

/// Gives the user namespace of `pid` its maps, through `procfs`. Errors: write_below's.
result<void> write_id_maps(int procfs, pid_t pid, const std::vector<id_mapping>& uids,
                           const std::vector<id_mapping>& gids);

/// The sources of the plan's mounts with mapped IDs, detached, by index in plan.mounts; empty for all others. Made
/// before the init is: in a user namespace of its own it may not. `users`: the user namespace that the container
/// joins, or -1. Errors: those of open_tree(2) and mount_setattr(2), naming the source.
result<std::vector<sys::unique_fd>> open_mapped_sources(const container_plan& plan, int users);

/// Mounts it in the caller's mount namespace, at a place that is made where it is missing. Errors: the errno's, naming
/// the source; open_part's.
result<void> mount_mapped(const mapped_mount& what);

} // namespace gantry::native
