#pragma once

#include <cstdint>
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
  /// cgroup.procs, or v1's tasks of each hierarchy, to which a process with one thread writes itself.
  std::vector<sys::unique_fd> members;
  sys::unique_fd unified; ///< v2: the folder, for CLONE_INTO_CGROUP; `members` is then for older kernels
};

/// linux.cgroupsPath as a path below each hierarchy. Absolute: itself; else below the caller's own cgroup, and with an
/// empty one the id stands for it (runc's rule). Errors: invalid_argument for "..".
result<std::string> absolute_cgroup_path(const cgroup::layout& host, const std::string& asked, const std::string& id);

/// On v1 each hierarchy costs every container some hundred microseconds of the kernel's time. `needed`: those that
/// limit, count and stop any container (memory, cpu, cpuacct, pids, devices, freezer, blkio), and others when resources
/// ask for them; in the rest the process stays where its maker is.
enum class hierarchies : std::uint8_t { all, needed };

/// Where the hierarchies are mounted that `needed` means with these resources, each once. Errors: make_cgroups' own.
result<std::vector<std::string>> needed_hierarchies(const cgroup::layout& host, const resource_plan& resources);

/// Makes the cgroup in these hierarchies, writes the resources that differ from a new cgroup's, and opens it. What it
/// made is removed again when it fails. Errors: already_exists when processes live in it; failed_precondition when
/// something is asked of a controller that the host has not; the errno's, naming file and value.
result<cgroup_handles> make_cgroups(const cgroup::layout& host, const std::string& path, const resource_plan& resources,
                                    hierarchies which = hierarchies::all);

/// Writes resources and devices to a cgroup that is there, and opens it. Errors: as above.
result<cgroup_handles> fill_cgroups(const cgroup::layout& host, const std::string& path,
                                    const resource_plan& resources);

/// Opens a container's cgroups, in the hierarchies where it has any, for a further process. Errors: not_found.
result<cgroup_handles> open_cgroups(const cgroup::layout& host, const std::string& path);

/// Writes what `changes` names, devices excepted. Where the cgroup is in no hierarchy of a controller that is named, it
/// is made there and its processes move in. Where it is a unit's of systemd, that is told. Errors: not_found; the
/// errno's, naming file and value; systemd's.
result<void> update_cgroups(const cgroup::layout& host, const std::string& path, const resource_plan& changes);

/// Sends SIGKILL to what lives in it and below it, waits (at most a second, in small steps) and removes it. Absent is
/// success. Errors: failed_precondition when processes remain.
result<void> remove_cgroups(const cgroup::layout& host, const std::string& path);

/// Removes the host's cgroups of this path without waiting (some milliseconds at most). False: they are in use still.
bool remove_empty_cgroups(const std::string& path);

/// Freezes or thaws, and waits at most a second until it is so. Errors: not_found, timeout.
enum class freezing : std::uint8_t { frozen, thawed };
result<void> set_frozen(const cgroup::layout& host, const std::string& path, freezing wanted);
result<bool> is_frozen(const cgroup::layout& host, const std::string& path);

} // namespace gantry::native
