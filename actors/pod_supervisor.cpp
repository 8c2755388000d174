#include "actors/pod_supervisor.hpp"

#include <spdlog/spdlog.h>

#include "actors/cgroup_paths.hpp"
#include "actors/pod_options.hpp"

namespace gantry {
namespace pod {

const launcher_actor& launcher_of(self_pointer self) { return self->state.parts->launcher(self->state.record.monitor); }

void in_turn(self_pointer self, std::function<void()> action) {
  auto& state = self->state;
  if (state.busy) return state.waiting.push_back(std::move(action));
  state.busy = true;
  action();
}

void settle(self_pointer self) {
  auto& state = self->state;
  state.busy = false;
  if (state.waiting.empty()) {
    if (state.gone) self->quit();
    return;
  }
  auto next = std::move(state.waiting.front());
  state.waiting.erase(state.waiting.begin());
  in_turn(self, std::move(next));
}

void show(self_pointer self) {
  tell_announced(self->state.parts->boards->pods, self->state.pods,
                 pod_changed{std::make_shared<const pod_record>(self->state.record)});
}

void record(self_pointer self, outcome then) {
  show(self);
  record_changes changes{{store::put_pod{self->state.record, store::when_there::require}}, false};
  ask<done>(self, self->state.parts->metadata, deadline::inner, std::move(changes), [then](const result<done>& r) {
    if (r)
      then({});
    else
      then(tl::unexpected<error>(r.error()));
  });
}

namespace {

/// Whatever the monitor holds for this pod, also what this supervisor does not know of: it may have been made for an
/// engine that was killed.
void drop_namespaces(self_pointer self, const outcome& then) {
  monitor::drop_pod_namespaces request{self->state.record.name};
  ask<done>(self, launcher_of(self), deadline::inner, std::move(request), [self, then](const auto& r) {
    // A monitor that cannot be asked has died, and its namespaces with it.
    if (!r) spdlog::warn("pod {}: its namespaces: {}", to_string(self->state.record.name), r.error().message);
    self->state.namespaces = {};
    self->state.record.network_namespace.clear();
    then({});
  });
}

} // namespace

void unmake(self_pointer self, outcome then) {
  auto& state = self->state;
  if (!state.record.attached) return drop_namespaces(self, then);
  detach_pod request{std::make_shared<const pod_record>(state.record)};
  ask<done>(self, state.parts->pod_network, deadline::network, std::move(request), [self, then](const auto& r) {
    if (!r) return then(within(r.error(), "pod {}: undo its network", self->state.record.name.id));
    auto& record = self->state.record;
    record.attached = false;
    record.addresses.clear();
    record.cni_result.clear();
    record.cni_network.clear();
    drop_namespaces(self, then);
  });
}

void forget(self_pointer self, outcome then) {
  auto& state = self->state;
  record_changes changes{{store::erase_pod{state.record.name}}, false};
  ask<done>(self, state.parts->metadata, deadline::inner, std::move(changes), [self, then](const auto& r) {
    auto& s = self->state;
    if (!r) return then(tl::unexpected<error>(r.error()));
    remove_cgroup request{cgroup_of(*s.parts->config, s.record)};
    ask<done>(self, s.parts->cgroups, deadline::inner, std::move(request), [self, then](const auto& removed) {
      const auto& name = self->state.record.name;
      if (!removed) spdlog::error("pod {}: {}", to_string(name), removed.error().message);
      self->state.gone = true;
      tell_announced(self->state.parts->boards->pods, self->state.pods, pod_gone{name});
      then({});
    });
  });
}

void lose_namespaces(self_pointer self) {
  in_turn(self, [self] {
    auto& state = self->state;
    if (state.record.now != pod_phase::ready || !namespaces_of(*state.parts->config, state.record)) return settle(self);
    spdlog::error("pod {}: the monitor that held its namespaces is gone", to_string(state.record.name));
    state.record.now = pod_phase::not_ready;
    state.record.network_namespace.clear();
    state.namespaces = {};
    record(self, [self](const auto&) { settle(self); });
  });
}

caf::result<done> update(self_pointer self, const resource_limits& limits) {
  auto& state = self->state;
  if (state.record.now != pod_phase::ready)
    return to_caf(error{errc::failed_precondition, "pod " + state.record.name.id + " is not ready", 0});
  auto promise = self->make_response_promise<done>();
  make_cgroup request{cgroup_of(*state.parts->config, state.record), limits};
  ask<done>(self, state.parts->cgroups, deadline::inner, request, [self, promise, limits](const auto& r) mutable {
    if (!r) return refuse(promise, r.error());
    self->state.record.options.resources = limits;
    record(self, [promise](const result<void>& written) mutable {
      if (!written) return refuse(promise, written.error());
      promise.deliver(done{});
    });
  });
  return promise;
}

} // namespace pod

namespace {

sandbox_record as_sandbox(const pod_record& pod) {
  sandbox_record sandbox;
  sandbox.name = pod.name;
  sandbox.ports = pod.options.ports;
  sandbox.hostname = pod.options.hostname;
  sandbox.monitor = pod.monitor;
  sandbox.created_at = pod.created_at;
  return sandbox;
}

caf::error not_for_pods(const char* what) {
  return to_caf(error{errc::internal, std::string("a pod was asked to ") + what, 0});
}

} // namespace

pod_supervisor_state::~pod_supervisor_state() {
  for (const auto& [id, one] : members) caf::anon_send_exit(one.container, caf::exit_reason::user_shutdown);
}

pod_supervisor_actor::behavior_type pod_supervisor(pod::self_pointer self, std::shared_ptr<const engine_parts> parts,
                                                   pods_actor pods) {
  self->state.parts = std::move(parts);
  self->state.pods = std::move(pods);
  self->set_down_handler([self](const caf::down_msg& down) { pod::handle_down(self, down); });
  return {
      // As its containers' sandbox
      [](const create_sandbox&) -> caf::result<done> { return not_for_pods("be another container's sandbox"); },
      [](const recover_sandbox&) -> caf::result<done> { return not_for_pods("be recovered as a sandbox"); },
      [self](const start_container& request) { return pod::start_member(self, request); },
      [self](const remove_sandbox& request) {
        self->state.members.erase(request.container);
        return done{};
      },
      [self](const inspect_sandbox&) { return as_sandbox(self->state.record); },
      [](const connect_network&) -> caf::result<done> { return not_for_pods("join another network"); },
      [](const disconnect_network&) -> caf::result<done> { return not_for_pods("leave its network"); },
      [](const container_renamed&) {},
      [](const container_stopped&) {},
      [](const restart_container_later&) {}, // they have no restart policy
      [](const restart_now&) {},
      // As a pod
      [self](const create_pod& request) { return pod::make(self, request); },
      [self](const recover_pod& found) { return pod::recover(self, found); },
      [self](const stop_pod&) { return pod::stop(self); },
      [self](const remove_pod&) { return pod::remove(self); },
      [self](create_pod_container& request) { return pod::create_member(self, std::move(request)); },
      [self](const update_pod& request) { return pod::update(self, request.resources); },
      [self](const namespaces_lost&) { pod::lose_namespaces(self); },
  };
}

} // namespace gantry
