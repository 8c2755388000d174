#pragma once

#include <sys/types.h>

#include "runtime/native/cgroup_setup.hpp"

/// Cgroups that systemd makes, and that we fill. They need a host with cgroups v2 alone: on v1 systemd opens the
/// devices of a cgroup again whenever it reloads. All block for some milliseconds. Errors beside those named:
/// systemd's.
namespace gantry::native {

/// Starts the scope of this path with `process` in it, writes the resources and opens it.
result<cgroup_handles> make_scope(const cgroup::layout& host, const std::string& path, const resource_plan& resources,
                                  pid_t process);

/// Makes the cgroup of this path, a scope or one that is not systemd's (hierarchies::needed), and moves another process
/// into it. Errors: make_cgroups' too.
result<void> move_into_new_cgroups(const cgroup::layout& host, const std::string& path, const resource_plan& resources,
                                   pid_t process);

/// Starts the slice of this path; one that is there gets the limits.
result<void> make_slice(const cgroup::layout& host, const std::string& path, const resource_plan& resources);

} // namespace gantry::native
