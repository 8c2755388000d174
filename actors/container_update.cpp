#include "actors/cgroup_paths.hpp"
#include "actors/container_supervisor.hpp"
#include "actors/limits_update.hpp"
#include "actors/sandbox_of.hpp"
#include "runtime/oci/command_line.hpp"
#include "runtime/oci/error_text.hpp"

namespace gantry::container {
namespace {

/// An update under way.
struct changing {
  update_container request;
  caf::typed_response_promise<updated> promise;
  std::vector<std::string> warnings;
};
using changing_ptr = std::shared_ptr<changing>;

result<void> may_update(const container_supervisor_state& state, const update_container& request) {
  const auto& record = state.record;
  if (state.removing || record.state.now == phase::dead)
    return fail(errc::failed_precondition,
                "Cannot update container {}: Container is marked for removal and cannot be \"update\".",
                record.name.id);
  if (request.restart && request.restart->name != restart_policy::kind::no && record.options.auto_remove)
    return fail(errc::failed_precondition,
                "Restart policy cannot be updated because AutoRemove is enabled for the container");
  return {};
}

/// The kernel has taken it, or will at the next start. What changed meanwhile stays: the request is put over that.
void keep(self_pointer self, const changing_ptr& work) {
  auto& options = self->state.record.options;
  auto limits = with_change(options.resources, work->request.limits);
  if (!limits) return refuse(work->promise, limits.error());
  options.resources = std::move(*limits);
  if (work->request.restart) options.restart = *work->request.restart;
  self->state.document.reset(); // the next start's, if it was made at the creation
  publish_whole(self);
  emit(self, "update");
  work->promise.deliver(updated{std::move(work->warnings)});
}

void refuse_change(self_pointer self, const changing_ptr& work, const error& why) {
  refuse(work->promise, within(why, "Cannot update container {}", self->state.record.name.id).value());
}

/// The cgroup of a container that no OCI runtime made is the engine's own to write; so is one of crun where that
/// refuses to look at the host's cgroups.
void write_cgroup(self_pointer self, const changing_ptr& work, std::string limits) {
  auto& state = self->state;
  update_cgroup request{cgroup_of(*state.parts->config, state.record), std::move(limits)};
  ask<done>(self, state.parts->cgroups, deadline::inner, std::move(request),
            [self, work](const result<done>& r) { r ? keep(self, work) : refuse_change(self, work, r.error()); });
}

void ask_runtime(self_pointer self, const changing_ptr& work, const monitor::runtime_command& runtime,
                 std::string limits) {
  oci::invocation with;
  with.id = self->state.record.name.id;
  with.log = "/dev/stderr"; // its words alone, among what is collected
  monitor::run_process request;
  request.argv = oci::update_argv(runtime, with);
  request.input = std::move(limits);
  ask<monitor::process_result>(self, launcher_of(self), deadline::inner, std::move(request),
                               [self, work](const result<monitor::process_result>& r) {
                                 if (!r) return refuse_change(self, work, r.error());
                                 if (r->exit_code == 0) return keep(self, work);
                                 const auto& said = r->error_output;
                                 refuse_change(self, work, {errc::unavailable, oci::error_text(said, said), 0});
                               });
}

result<std::string> new_limits(const container_supervisor_state& state, const changing_ptr& work) {
  GANTRY_LET(auto limits, with_change(state.record.options.resources, work->request.limits));
  return spec::limits_json(limits, state.parts->config->facts, work->warnings);
}

void change_now(self_pointer self, const changing_ptr& work) {
  auto& state = self->state;
  state.touched = true;
  auto limits = new_limits(state, work);
  auto runtime = maker_of(*state.parts->config, state.record);
  if (!limits)
    refuse(work->promise, limits.error());
  else if (!alive(state) || work->request.limits == resource_limits{})
    keep(self, work);
  else if (!runtime || state.record.state.launcher == monitor::native_runtime || oci::refuses_hybrid_cgroups(*runtime))
    write_cgroup(self, work, std::move(*limits));
  else
    ask_runtime(self, work, *runtime, std::move(*limits));
}

} // namespace

caf::result<updated> update(self_pointer self, const update_container& request) {
  auto& state = self->state;
  if (auto may = may_update(state, request); !may) return to_caf(may.error());
  auto work = std::make_shared<changing>(changing{request, self->make_response_promise<updated>(), {}});
  if (state.record.state.now == phase::starting) // its document has gone to the runtime already
    state.when_launched.emplace_back([self, work] { change_now(self, work); });
  else
    change_now(self, work);
  return work->promise;
}

/// The engine starts no processes: the monitor does.
caf::result<process_listing> list_host_processes(self_pointer self, const list_processes& request) {
  if (!alive(self->state))
    return to_caf(error{errc::failed_precondition, "container " + self->state.record.name.id + " is not running", 0});
  auto promise = self->make_response_promise<process_listing>();
  monitor::run_process ps;
  ps.argv = {"/usr/bin/env", "ps"};
  ps.argv.insert(ps.argv.end(), request.ps_arguments.begin(), request.ps_arguments.end());
  ps.timeout = std::chrono::seconds(5);
  ps.env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "COLUMNS=4096"};
  ask<monitor::process_result>(
      self, launcher_of(self), deadline::inner, std::move(ps), [promise](result<monitor::process_result> r) mutable {
        if (!r) return refuse(promise, r.error());
        if (r->exit_code == 0) return void(promise.deliver(process_listing{std::move(r->output)}));
        refuse(promise, {errc::invalid_argument, "ps: " + oci::error_text("", r->error_output), 0});
      });
  return promise;
}

} // namespace gantry::container
