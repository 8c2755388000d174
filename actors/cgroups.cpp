#include "actors/cgroups.hpp"

#include "runtime/native/parse_plan.hpp"
#include "runtime/native/systemd_cgroups.hpp"
#include "runtime/systemd/names.hpp"
#include "runtime/systemd/units.hpp"

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

result<void> make(const cgroups_state& state, const make_cgroup& request) {
  const auto& host = state.host;
  auto plan = plan_of(request.limits, host);
  if (state.driver == cgroup::driver::systemd) return native::make_slice(host, request.path, plan);
  if (native::open_cgroups(host, request.path)) return native::update_cgroups(host, request.path, plan);
  GANTRY_TRY(native::make_cgroups(host, request.path, plan));
  return {};
}

result<void> update(const cgroup::layout& host, const update_cgroup& request) {
  GANTRY_LET(auto changes, native::parse_resources(request.resources_json));
  return native::update_cgroups(host, request.path, changes);
}

result<void> remove(const cgroups_state& state, const remove_cgroup& request) {
  if (state.driver == cgroup::driver::systemd) return systemd::stop_unit(std::string(systemd::unit_of(request.path)));
  return native::remove_cgroups(state.host, request.path);
}

} // namespace

cgroups_actor::behavior_type cgroups(cgroups_actor::stateful_pointer<cgroups_state> self, cgroup::layout host,
                                     cgroup::driver driver) {
  self->state.host = std::move(host);
  self->state.driver = driver;
  return {
      [self](const make_cgroup& request) { return to_caf(make(self->state, request)); },
      [self](const update_cgroup& request) { return to_caf(update(self->state.host, request)); },
      [self](const remove_cgroup& request) { return to_caf(remove(self->state, request)); },
  };
}

} // namespace gantry
