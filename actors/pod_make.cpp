#include <spdlog/spdlog.h>

#include "actors/cgroup_paths.hpp"
#include "actors/pod_options.hpp"
#include "actors/pod_supervisor.hpp"

namespace gantry::pod {
namespace {

/// A pod's making under way.
struct making {
  caf::typed_response_promise<pod_running> promise;
  std::optional<slot> held;
  bool recorded = false;
};
using making_ptr = std::shared_ptr<making>;

void release(self_pointer self, const making_ptr& work) {
  if (work->held) tell(self->state.parts->admission, release_slot{*std::exchange(work->held, std::nullopt)});
}

/// Undone whole, or, where that fails, left as a pod that is not ready: its removal tries again.
void fail_make(self_pointer self, const making_ptr& work, const error& why) {
  auto finish = [self, work, why] {
    release(self, work);
    refuse(work->promise, why);
    settle(self);
  };
  if (!work->recorded) {
    self->state.gone = true;
    tell_announced(self->state.parts->boards->pods, self->state.pods, pod_gone{self->state.record.name});
    return finish();
  }
  unmake(self, [self, finish](const result<void>& undone) {
    auto& state = self->state;
    if (undone) return forget(self, [finish](const auto&) { finish(); });
    spdlog::error("{}", undone.error().message);
    state.record.now = pod_phase::not_ready;
    record(self, [finish](const auto&) { finish(); });
  });
}

/// Asks, and goes on with the answer; a failure undoes all.
template<class Reply, class Handle, class Request, class Next>
void step(self_pointer self, const making_ptr& work, const Handle& to, std::chrono::seconds within_time,
          Request request, Next next) {
  ask<Reply>(self, to, within_time, std::move(request), [self, work, next](result<Reply> r) mutable {
    if (!r) return fail_make(self, work, r.error());
    next(std::move(*r));
  });
}

void become_ready(self_pointer self, const making_ptr& work) {
  self->state.record.now = pod_phase::ready;
  record(self, [self, work](const result<void>& r) {
    if (!r) return fail_make(self, work, r.error());
    release(self, work);
    work->promise.deliver(pod_running{self->state.record.name});
    settle(self);
  });
}

void attach(self_pointer self, const making_ptr& work) {
  auto& state = self->state;
  if (!state.record.attached) return become_ready(self, work);
  attach_pod request{std::make_shared<const pod_record>(state.record)};
  step<pod_attachment>(self, work, state.parts->pod_network, deadline::network, std::move(request),
                       [self, work](pod_attachment got) {
                         auto& s = self->state;
                         s.record.addresses = std::move(got.addresses);
                         s.record.cni_network = std::move(got.network);
                         s.record.cni_result = std::move(got.result);
                         take_address(self);
                         become_ready(self, work);
                       });
}

void make_namespaces(self_pointer self, const making_ptr& work) {
  auto wanted = namespaces_of(*self->state.parts->config, self->state.record);
  if (!wanted) return attach(self, work);
  step<monitor::pod_namespaces>(self, work, launcher_of(self), deadline::inner, std::move(*wanted),
                                [self, work](const monitor::pod_namespaces& got) {
                                  take_namespaces(self, got);
                                  attach(self, work);
                                });
}

/// Without limits, its first container's runtime makes it.
void limit(self_pointer self, const making_ptr& work) {
  auto& state = self->state;
  const auto& limits = state.record.options.resources;
  if (limits == resource_limits{}) return make_namespaces(self, work);
  make_cgroup request{cgroup_of(*state.parts->config, state.record), limits};
  step<done>(self, work, state.parts->cgroups, deadline::inner, std::move(request),
             [self, work](done) { make_namespaces(self, work); });
}

/// Before the first syscall, so that recovery knows that there may be something to undo.
void write_down(self_pointer self, const making_ptr& work) {
  auto& state = self->state;
  record_changes changes{{store::put_pod{state.record, store::when_there::refuse}}, false};
  step<done>(self, work, state.parts->metadata, deadline::inner, std::move(changes), [self, work](done) {
    work->recorded = true;
    limit(self, work);
  });
}

} // namespace

void take_namespaces(self_pointer self, const monitor::pod_namespaces& got) {
  auto& state = self->state;
  state.record.network_namespace = got.network;
  state.namespaces.network = got.network;
  state.namespaces.ipc = got.ipc;
  state.namespaces.uts = got.uts;
  state.namespaces.pid = got.pid;
  state.namespaces.user = got.user;
  state.namespaces.shm = got.shm;
}

void take_address(self_pointer self) {
  auto& state = self->state;
  state.namespaces.endpoints.clear();
  if (state.record.addresses.empty()) return;
  network_endpoint end;
  end.ip = state.record.addresses.front();
  state.namespaces.endpoints.push_back(std::move(end));
}

caf::result<pod_running> make(self_pointer self, const create_pod& request) {
  auto& state = self->state;
  state.record = request.record;
  state.record.now = pod_phase::starting;
  state.record.attached = state.record.options.network == namespace_mode::pod;
  state.busy = true;
  auto work = std::make_shared<making>();
  work->promise = self->make_response_promise<pod_running>();
  acquire_slot slot_request{work_kind::creation, request.client, self->address()};
  step<slot>(self, work, state.parts->admission, deadline::inner, std::move(slot_request), [self, work](slot got) {
    work->held = got;
    write_down(self, work);
  });
  return work->promise;
}

} // namespace gantry::pod
