#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/cgroup/mode.hpp"
#include "runtime/native/container_plan.hpp"
#include "runtime/sys/unique_fd.hpp"

/// The control groups of a container. All calls block on cgroupfs alone; any thread.
namespace gantry::native {

/// Open cgroups, which a new process joins.
struct cgroup_handles {
  std::vector<sys::unique_fd> members; ///< cgroup.procs (v1: of each hierarchy), to which a process writes itself
  sys::unique_fd unified;              ///< v2: the folder, for CLONE_INTO_CGROUP; `members` is then for older kernels
};

/// linux.cgroupsPath as a path below each hierarchy. Absolute: itself; else below the caller's own cgroup, and with an
/// empty one the id stands for it (runc's rule). Errors: invalid_argument for "..".
result<std::string> absolute_cgroup_path(const cgroup::layout& host, const std::string& asked, const std::string& id);

/// Makes the cgroup in every hierarchy, writes the resources that differ from a new cgroup's, and opens it. What it
/// made is removed again when it fails. Errors: already_exists when processes live in it; failed_precondition when
/// something is asked of a controller that the host has not; the errno's, naming file and value.
result<cgroup_handles> make_cgroups(const cgroup::layout& host, const std::string& path,
                                    const resource_plan& resources);

/// Opens a container's cgroups, for a further process. Errors: not_found.
result<cgroup_handles> open_cgroups(const cgroup::layout& host, const std::string& path);

/// Writes what `changes` names, devices excepted.
result<void> update_cgroups(const cgroup::layout& host, const std::string& path, const resource_plan& changes);

/// Sends SIGKILL to what lives in it and below it, waits (at most a second, in small steps) and removes it. Absent is
/// success. Errors: failed_precondition when processes remain.
result<void> remove_cgroups(const cgroup::layout& host, const std::string& path);

/// Freezes or thaws, and waits at most a second until it is so. Errors: not_found, timeout.
enum class freezing : std::uint8_t { frozen, thawed };
result<void> set_frozen(const cgroup::layout& host, const std::string& path, freezing wanted);
result<bool> is_frozen(const cgroup::layout& host, const std::string& path);

} // namespace gantry::native
