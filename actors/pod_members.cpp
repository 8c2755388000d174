#include <algorithm>

#include <spdlog/spdlog.h>

#include "actors/container_supervisor.hpp"
#include "actors/pod_options.hpp"
#include "actors/pod_supervisor.hpp"
#include "actors/random_id.hpp"

namespace gantry::pod {
namespace {

using member = pod_supervisor_state::member;

/// A container whose runtime or disk hangs delays the others no longer than this.
constexpr std::chrono::seconds one_container{30};

sandbox_supervisor_actor as_sandbox(self_pointer self) { return caf::actor_cast<pod_supervisor_actor>(self); }

member& spawn_member(self_pointer self, const key& name, const pod_member& what) {
  auto& state = self->state;
  member one{self->spawn(container_supervisor, state.parts, as_sandbox(self)), what.name, what.attempt, false, {}};
  self->monitor(one.container);
  return state.members.insert_or_assign(name, std::move(one)).first->second;
}

error not_ready(const pod_record& pod) {
  return {errc::failed_precondition, "pod " + pod.name.id + " is not ready", 0};
}

// -- creation ---------------------------------------------------------------------------------------------------------

void creation_ended(self_pointer self, const key& name, const result<created>& r,
                    std::vector<caf::typed_response_promise<created>>& waiting) {
  auto& state = self->state;
  auto found = state.members.find(name);
  if (found != state.members.end() && r) {
    tell(found->second.container, forget_document{}); // its start has one with the pod's namespaces
    found->second.made = true;
    found->second.waiting.reset();
  } else if (found != state.members.end()) {
    state.members.erase(found);
  }
  for (auto& promise : waiting) deliver(promise, r);
  auto actions = std::exchange(state.when_created, {});
  for (auto& action : actions)
    if (std::all_of(state.members.begin(), state.members.end(), [](const auto& one) { return one.second.made; }))
      action();
    else
      state.when_created.push_back(std::move(action));
}

caf::result<created> create_new(self_pointer self, const create_pod_container& request) {
  auto& state = self->state;
  const auto& config = *state.parts->config;
  auto options = complete(config, state.record, request.options);
  if (!options) return to_caf(options.error());
  auto log_path = log_path_of(state.record, options->in_pod);
  if (!log_path) return to_caf(log_path.error());
  key name{state.record.name.ns, random_id()};
  auto& one = spawn_member(self, name, options->in_pod);
  auto promise = self->make_response_promise<created>();
  one.waiting = std::make_shared<std::vector<caf::typed_response_promise<created>>>();
  one.waiting->push_back(promise);
  create_container creation{name, display_name_of(state.record, options->in_pod), std::move(*options), request.client,
                            create_container::place{state.record.monitor, std::move(*log_path)}};
  ask<created>(
      self, one.container, deadline::inner, std::move(creation),
      [self, name, waiting = one.waiting](const result<created>& r) { creation_ended(self, name, r, *waiting); });
  return promise;
}

// -- start ------------------------------------------------------------------------------------------------------------

/// The PID namespace of another container of the pod (namespaces(7), "/proc/[pid]/ns").
result<std::string> pid_namespace_of(const pod_supervisor_state& state, const result<found_container>& target) {
  if (!target) return tl::unexpected<error>(target.error());
  if (!state.members.contains(target->name))
    return fail(errc::invalid_argument, "container {} is not in pod {}: its processes are not to be shared",
                target->name.id, state.record.name.id);
  if (!target->view || target->view->state.pid == 0)
    return fail(errc::failed_precondition, "cannot share the processes of container {}: it does not run",
                target->name.id);
  return "/proc/" + std::to_string(target->view->state.pid) + "/ns/pid";
}

using namespaces_callback = std::function<void(result<sandbox_namespaces>)>;

void share_target(self_pointer self, const std::string& target, const namespaces_callback& then) {
  find_container request{self->state.record.name.ns, target};
  ask<found_container>(self, self->state.parts->catalog, deadline::inner, std::move(request),
                       [self, then](const result<found_container>& r) {
                         auto path = pid_namespace_of(self->state, r);
                         if (!path) return then(tl::unexpected<error>(path.error()));
                         auto namespaces = self->state.namespaces;
                         namespaces.pid = std::move(*path);
                         then(std::move(namespaces));
                       });
}

void namespaces_for(self_pointer self, const pod_member& what, const namespaces_callback& then) {
  auto namespaces = self->state.namespaces;
  switch (what.pid) {
  case namespace_mode::target:
    return share_target(self, what.pid_target, then);
  case namespace_mode::pod:
    if (namespaces.pid.empty())
      return then(fail(errc::failed_precondition, "pod {} has no PID namespace to share", self->state.record.name.id));
    return then(std::move(namespaces));
  default:
    namespaces.pid.clear();
    return then(std::move(namespaces));
  }
}

void launch(self_pointer self, const start_container& request, const found_container& found,
            caf::typed_response_promise<done> promise) {
  if (!found.view) return refuse(promise, {errc::failed_precondition, "it is being created", 0});
  namespaces_for(self, found.view->options.in_pod,
                 [self, promise, client = request.client, to = found.container](const auto& namespaces) mutable {
                   if (!namespaces) return refuse(promise, namespaces.error());
                   ask<done>(self, to, deadline::inner, launch_container{*namespaces, client},
                             [promise](result<done> r) mutable { deliver(promise, std::move(r)); });
                 });
}

// -- failures of ours -------------------------------------------------------------------------------------------------

void revive(self_pointer self, const container_record& record) {
  const auto& launcher = self->state.parts->launcher(record.monitor);
  ask<monitor::container_list>(self, launcher, one_container, monitor::list_containers{},
                               [self, record](const result<monitor::container_list>& r) {
                                 recover_container found{record, {}};
                                 for (const auto& entry : r ? r->containers : std::vector<monitor::container_entry>{})
                                   if (entry.container == record.name) found.truth = entry;
                                 recover_member(self, found, [] {});
                               });
}

} // namespace

caf::result<created> create_member(self_pointer self, create_pod_container request) {
  auto& state = self->state;
  const auto& wanted = request.options.in_pod;
  for (auto& [name, one] : state.members) {
    if (one.name != wanted.name || one.attempt != wanted.attempt) continue;
    if (one.made) return created{name, {}};
    one.waiting->push_back(self->make_response_promise<created>());
    return one.waiting->back();
  }
  if (state.record.now != pod_phase::ready) return to_caf(not_ready(state.record));
  return create_new(self, request);
}

caf::result<done> start_member(self_pointer self, const start_container& request) {
  auto& state = self->state;
  if (state.record.now != pod_phase::ready) return to_caf(not_ready(state.record));
  auto promise = self->make_response_promise<done>();
  find_container find{request.container.ns, request.container.id};
  ask<found_container>(self, state.parts->catalog, deadline::inner, std::move(find),
                       [self, request, promise](const result<found_container>& r) mutable {
                         if (!r) return refuse(promise, r.error());
                         launch(self, request, *r, promise);
                       });
  return promise;
}

void recover_member(self_pointer self, const recover_container& found, std::function<void()> then) {
  const auto& parts = *self->state.parts;
  const auto& record = found.record;
  auto& one = spawn_member(self, record.name, record.options.in_pod);
  one.made = true;
  parts.tell_catalog(
      restore_container{std::make_shared<const container_record>(record), one.container, as_sandbox(self)});
  tell(parts.volumes, recover_mounts{record.name, record.mounts});
  ask<done>(self, one.container, one_container, found, [name = record.name, then](const auto& r) {
    if (!r) spdlog::error("container {}: {}", to_string(name), r.error().message);
    then();
  });
}

void handle_down(self_pointer self, const caf::down_msg& down) {
  auto& state = self->state;
  auto found = std::find_if(state.members.begin(), state.members.end(),
                            [&](const auto& one) { return one.second.container.address() == down.source; });
  if (found == state.members.end() || !down.reason || down.reason == caf::exit_reason::normal) return;
  auto name = found->first;
  spdlog::error("the supervisor of container {} failed ({}); it is made anew", to_string(name),
                caf::to_string(down.reason));
  find_container request{name.ns, name.id};
  ask<found_container>(self, state.parts->catalog, deadline::inner, std::move(request),
                       [self, name](const result<found_container>& r) {
                         if (r && r->view) return revive(self, *r->view);
                         // While it was being created: those who asked are answered by the failure.
                         self->state.members.erase(name);
                         container::undo_creation(*self->state.parts, name);
                       });
}

} // namespace gantry::pod
