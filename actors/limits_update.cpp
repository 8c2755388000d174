#include "actors/limits_update.hpp"

namespace gantry {
namespace {

template<class T>
void change_to(T& field, const T& wanted) {
  if (!(wanted == T{})) field = wanted;
}

/// A number of CPUs is a quota and a period by another name.
result<void> check_cpu(const resource_limits& now, const resource_limits& change) {
  constexpr auto taken = "Conflicting options: {} cannot be updated as {} has already been set";
  if (change.nano_cpus > 0 && now.cpu_period > 0)
    return fail(errc::failed_precondition, taken, "Nano CPUs", "CPU Period");
  if (change.nano_cpus > 0 && now.cpu_quota > 0)
    return fail(errc::failed_precondition, taken, "Nano CPUs", "CPU Quota");
  if (change.cpu_period > 0 && now.nano_cpus > 0)
    return fail(errc::failed_precondition, taken, "CPU Period", "NanoCPUs");
  if (change.cpu_quota > 0 && now.nano_cpus > 0) return fail(errc::failed_precondition, taken, "CPU Quota", "NanoCPUs");
  return {};
}

result<void> check_memory(const resource_limits& now, const resource_limits& change) {
  if (change.memory > now.memory_swap && now.memory_swap > 0 && change.memory_swap == 0)
    return fail(errc::failed_precondition,
                "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same "
                "time");
  return {};
}

} // namespace

result<resource_limits> with_change(resource_limits now, const resource_limits& change) {
  GANTRY_TRY(check_cpu(now, change));
  GANTRY_TRY(check_memory(now, change));
  change_to(now.memory, change.memory);
  change_to(now.memory_reservation, change.memory_reservation);
  change_to(now.memory_swap, change.memory_swap);
  change_to(now.nano_cpus, change.nano_cpus);
  change_to(now.cpu_shares, change.cpu_shares);
  change_to(now.cpu_quota, change.cpu_quota);
  change_to(now.cpu_period, change.cpu_period);
  change_to(now.cpuset_cpus, change.cpuset_cpus);
  change_to(now.cpuset_mems, change.cpuset_mems);
  change_to(now.pids, change.pids);
  change_to(now.blkio_weight, change.blkio_weight);
  change_to(now.hugepages, change.hugepages);
  for (const auto& [file, value] : change.unified) now.unified[file] = value;
  return now;
}

} // namespace gantry
