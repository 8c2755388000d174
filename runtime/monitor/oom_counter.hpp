#pragma once

#include <cstdint>
#include <string>

namespace gantry::monitor {

/// How many processes of a cgroup the kernel's OOM killer has killed: the counter `oom_kill` of memory.events (cgroups
/// v2) or memory.oom_control (v1, since Linux 4.13). `cgroup` is the folder's path; 0 when it is empty or gone.
std::uint64_t oom_kills(const std::string& cgroup);

} // namespace gantry::monitor
