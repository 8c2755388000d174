#pragma once

#include "messages/domain/error.hpp"
#include "runtime/native/container_plan.hpp"

/// What the kernel's schedulers are told of the calling process, which has one thread.
namespace gantry::native {

/// `scheduler` and `io_priority` (sched_setattr(2), ioprio_set(2)). Errors: those calls'; most policies need
/// CAP_SYS_NICE of the host.
result<void> set_scheduling(const process_plan& plan);

/// The processors that it may run on (sched_setaffinity(2)). Empty: as they are. Errors: the errno's.
result<void> set_affinity(const std::vector<std::uint64_t>& mask, const char* what);

} // namespace gantry::native
