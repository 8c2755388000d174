#pragma once

#include "messages/domain/error.hpp"
#include "runtime/native/container_plan.hpp"
#include "runtime/native/root_tree.hpp"

namespace gantry::native {

/// Mounts what the container sees of its cgroups at `target` (O_PATH). v1: a tmpfs with each hierarchy in it, bound
/// from the container's own folder or, with a cgroup namespace of its own, mounted anew. v2: the hierarchy, as its
/// namespace shows it.
result<void> mount_cgroups(int target, const mount_entry& entry, const cgroup_view& groups, bool own_namespace);

} // namespace gantry::native
