#pragma once

#include <string>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/native/container_plan.hpp"

/// linux.resources as what is written to cgroupfs. Pure. Devices are device_policy's.
namespace gantry::native {

/// One write: the controller whose folder has the file, the file, the value.
struct cgroup_write {
  std::string controller, file, value;
  friend bool operator==(const cgroup_write&, const cgroup_write&) = default;
};

/// cgroups v1 (Linux, cgroup-v1/). Errors: invalid_argument for "unified", which v1 has not.
result<std::vector<cgroup_write>> v1_writes(const resource_plan& resources);

/// cgroups v2 (Linux, cgroup-v2.rst), converted as runtime-spec config-linux.md and runc have it: swap is what
/// exceeds the memory limit, shares of 2 to 262144 are weights of 1 to 10000. Errors: invalid_argument for what v2 has
/// not, or a swap below the limit.
result<std::vector<cgroup_write>> v2_writes(const resource_plan& resources);

/// cpu.shares as cpu.weight; 0 stays 0.
std::uint64_t weight_of_shares(std::uint64_t shares);

} // namespace gantry::native
