#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/cgroup/mode.hpp"

namespace gantry::cgroup {

/// What a try at removal left.
struct removal {
  std::vector<std::string> busy; ///< folders with live processes; empty: all is gone
  [[nodiscard]] bool complete() const { return busy.empty(); }
};

/// Removes the cgroup `cgroup_path` and all below it from every hierarchy, by rmdir(2) from the leaves up. Never
/// sleeps: a cgroup that still has processes, or whose last one is being reaped, is reported as busy and the caller
/// asks again later. Absent is success. Refuses ".." and the hierarchy's root; at most 10,000 folders, 64 deep.
/// Errors: invalid_argument, exhausted, denied.
result<removal> remove(const layout& host, std::string_view cgroup_path);

/// The processes in the cgroup and below it (cgroup.procs), in one hierarchy, at most `limit`.
std::vector<int> processes(const layout& host, std::string_view cgroup_path, std::size_t limit = 10'000);

} // namespace gantry::cgroup
