#include "actors/cgroups.hpp"

#include "runtime/native/cgroup_setup.hpp"
#include "runtime/native/parse_plan.hpp"

namespace gantry {
namespace {

/// The limits that this host has a controller for.
native::resource_plan plan_of(const resource_limits& limits, const cgroup::layout& host) {
  native::resource_plan plan;
  if (host.has("memory")) {
    if (limits.memory != 0) plan.memory_limit = limits.memory;
    if (limits.memory_reservation != 0) plan.memory_reservation = limits.memory_reservation;
    if (limits.memory_swap != 0) plan.memory_swap = limits.memory_swap;
  }
  if (host.has("cpu")) {
    if (limits.cpu_shares > 0) plan.cpu_shares = static_cast<std::uint64_t>(limits.cpu_shares);
    if (limits.cpu_period > 0) plan.cpu_period = static_cast<std::uint64_t>(limits.cpu_period);
    if (limits.cpu_quota != 0) plan.cpu_quota = limits.cpu_quota;
  }
  if (host.has("cpuset")) {
    plan.cpus = limits.cpuset_cpus;
    plan.mems = limits.cpuset_mems;
  }
  if (host.has("pids") && limits.pids != 0) plan.pids = limits.pids;
  return plan;
}

result<void> make(const cgroup::layout& host, const make_cgroup& request) {
  auto plan = plan_of(request.limits, host);
  if (native::open_cgroups(host, request.path)) return native::update_cgroups(host, request.path, plan);
  GANTRY_TRY(native::make_cgroups(host, request.path, plan));
  return {};
}

result<void> update(const cgroup::layout& host, const update_cgroup& request) {
  GANTRY_LET(auto changes, native::parse_resources(request.resources_json));
  return native::update_cgroups(host, request.path, changes);
}

} // namespace

cgroups_actor::behavior_type cgroups(cgroups_actor::stateful_pointer<cgroups_state> self, cgroup::layout host) {
  self->state.host = std::move(host);
  return {
      [self](const make_cgroup& request) { return to_caf(make(self->state.host, request)); },
      [self](const update_cgroup& request) { return to_caf(update(self->state.host, request)); },
      [self](const remove_cgroup& request) { return to_caf(native::remove_cgroups(self->state.host, request.path)); },
  };
}

} // namespace gantry
