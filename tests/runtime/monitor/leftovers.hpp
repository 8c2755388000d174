#pragma once

#include <string>

namespace gantry::test {

/// The name of a monitor test's folder under /tmp: with the pid of its process, so that others see whether it lives.
std::string folder_pattern();
/// Its containers' namespace: the name of their cgroups' parent.
std::string container_namespace(int pid);

/// Ends and removes what monitor tests left whose process is gone, killed with no time to clean up (a time-out of
/// ctest): monitors, containers and their cgroups, mounts, folders.
void sweep_leftovers();

} // namespace gantry::test
