#pragma once

#include <string>

#include "runtime/native/cgroup_setup.hpp"

/// Control groups that serve one container after another. On v1, where a container has seven of them, to make them and
/// to end them costs the kernel more than anything else that a container has; to rename one costs it next to nothing.
/// v2 renames none, and has one for all controllers. All calls block on cgroupfs alone; any thread.
namespace gantry::native {

/// True where the host can: cgroups v1, also with a cgroup2 hierarchy beside it.
bool can_reuse_cgroups(const cgroup::layout& host);

/// Puts the cgroups of a container that has ended aside, under the path `idle`, which has the same parent: nobody is in
/// them, they have counted nothing that cannot be set back, and what can is set back. What was written to them for the
/// container stays, so they serve only one of the same resources. False: they are as they were, in no other place.
/// What stays of the container: memory of its files that the kernel still keeps, up to `most_left_charged`, and
/// memory.stat's counters of faults.
bool put_cgroups_aside(const cgroup::layout& host, const std::string& path, const std::string& idle);
inline constexpr std::uint64_t most_left_charged = 1 << 20; ///< bytes

/// The cgroups at `idle` become those at `path`, of a container of these resources. Errors: the errno's of rename(2),
/// with nothing left at either place that was at `idle`.
result<cgroup_handles> take_idle_cgroups(const cgroup::layout& host, const std::string& idle, const std::string& path,
                                         const resource_plan& resources);

} // namespace gantry::native
