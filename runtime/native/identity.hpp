#pragma once

#include "messages/domain/error.hpp"
#include "runtime/native/container_plan.hpp"

/// Who a process is: credentials(7), capabilities(7). On the calling thread, which is the only one.
namespace gantry::native {

/// Drops every capability that the plan's bounding set lacks. Needs CAP_SETPCAP.
result<void> drop_bounding(const process_plan& plan);
/// Groups, gid and uid; capabilities stay permitted until `set_capabilities`.
result<void> switch_user(const process_plan& plan);
/// Effective, permitted, inheritable and ambient sets. Errors: denied when the caller has not what the plan asks.
result<void> set_capabilities(const process_plan& plan);

} // namespace gantry::native
