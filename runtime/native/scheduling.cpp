#include "runtime/native/scheduling.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace gantry::native {
namespace {

/// struct sched_attr (sched_setattr(2)), which glibc 2.36 does not declare.
struct sched_attributes {
  std::uint32_t size = sizeof(sched_attributes), policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0, deadline = 0, period = 0;
};
static_assert(sizeof(sched_attributes) == 48, "SCHED_ATTR_SIZE_VER0");

constexpr int of_process = 1; // IOPRIO_WHO_PROCESS

} // namespace

result<void> set_scheduling(const process_plan& plan) {
  if (plan.scheduler) {
    const auto& from = *plan.scheduler;
    sched_attributes wanted;
    wanted.policy = from.policy;
    wanted.flags = from.flags;
    wanted.nice = from.nice;
    wanted.priority = from.priority;
    wanted.runtime = from.runtime;
    wanted.deadline = from.deadline;
    wanted.period = from.period;
    if (::syscall(SYS_sched_setattr, 0, &wanted, 0U) != 0) return fail_errno(errno, "error setting the scheduler");
  }
  if (plan.io_priority && ::syscall(SYS_ioprio_set, of_process, 0, static_cast<int>(*plan.io_priority)) != 0)
    return fail_errno(errno, "error setting the I/O priority");
  return {};
}

result<void> set_affinity(const std::vector<std::uint64_t>& mask, const char* what) {
  if (mask.empty()) return {};
  if (::syscall(SYS_sched_setaffinity, 0, mask.size() * sizeof(std::uint64_t), mask.data()) != 0)
    return fail_errno(errno, "error setting the {} CPU affinity", what);
  return {};
}

} // namespace gantry::native
