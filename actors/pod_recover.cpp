#include <spdlog/spdlog.h>

#include "actors/pod_options.hpp"
#include "actors/pod_supervisor.hpp"

namespace gantry::pod {
namespace {

/// A making that the engine's end cut short: undone, or kept for its removal to try again.
void undo_half_made(self_pointer self, caf::typed_response_promise<done> promise) {
  auto finish = [self, promise]() mutable {
    promise.deliver(done{});
    settle(self);
  };
  unmake(self, [self, finish](const result<void>& undone) mutable {
    if (undone) return forget(self, [finish](const auto&) mutable { finish(); });
    spdlog::error("{}", undone.error().message);
    self->state.record.now = pod_phase::not_ready;
    record(self, [finish](const auto&) mutable { finish(); });
  });
}

/// Answers when all containers are supervised.
void recover_members(self_pointer self, const std::vector<recover_container>& containers,
                     caf::typed_response_promise<done> promise) {
  auto open = std::make_shared<std::size_t>(containers.size() + 1);
  auto one_done = [open, promise]() mutable {
    if (--*open == 0) promise.deliver(done{});
  };
  for (const auto& found : containers) recover_member(self, found, one_done);
  one_done();
}

/// Where its monitor has its namespaces; it tells again what it holds.
void find_namespaces(self_pointer self, const monitor::make_pod_namespaces& held, std::function<void()> then) {
  ask<monitor::pod_namespaces>(self, launcher_of(self), deadline::inner, held, [self, then](const auto& r) {
    if (r) {
      take_namespaces(self, *r);
    } else {
      spdlog::error("pod {}: its namespaces: {}", to_string(self->state.record.name), r.error().message);
      if (self->state.record.now == pod_phase::ready) self->state.record.now = pod_phase::not_ready;
    }
    then();
  });
}

void go_on(self_pointer self, const recover_pod& found, const caf::typed_response_promise<done>& promise) {
  auto& state = self->state;
  take_address(self);
  if (state.record.now == pod_phase::starting) return undo_half_made(self, promise);
  record(self, [](const auto&) {});
  recover_members(self, found.containers, promise);
  settle(self);
}

} // namespace

caf::result<done> recover(self_pointer self, const recover_pod& found) {
  auto& state = self->state;
  state.record = found.record;
  auto promise = self->make_response_promise<done>();
  in_turn(self, [self, found, promise] {
    auto& s = self->state;
    auto wanted = namespaces_of(*s.parts->config, s.record);
    // A path below /proc/<monitor> that is not held may be another's by now.
    s.record.network_namespace.clear();
    if (wanted && found.held)
      return find_namespaces(self, *wanted, [self, found, promise] { go_on(self, found, promise); });
    if (wanted && s.record.now == pod_phase::ready) s.record.now = pod_phase::not_ready;
    go_on(self, found, promise);
  });
  return promise;
}

} // namespace gantry::pod
