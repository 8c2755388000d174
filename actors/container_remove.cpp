#include <csignal>

#include <spdlog/spdlog.h>

#include "actors/container_supervisor.hpp"

namespace gantry::container {
namespace {

/// A removal under way: these parts are taken away side by side.
struct removal {
  int open = 0;
  std::optional<error> failure;
};
using removal_ptr = std::shared_ptr<removal>;

void end(self_pointer self, const removal_ptr& work) {
  auto& state = self->state;
  tell(state.parts->images, release_image{state.record.name});
  state.parts->tell_catalog(release_name{state.record.name});
  emit(self, "destroy");
  // What could not be deleted has no record any more: the sweep at the next start takes it.
  if (work->failure)
    spdlog::error("container {}: removed, but for: {}", to_string(state.record.name), work->failure->message);
  answer_waiting(self, true);
  for (auto& action : std::exchange(state.when_returned, {})) action(); // who waits for its files hears that they go
  for (auto& promise : std::exchange(state.removals, {})) promise.deliver(done{});
  self->quit();
}

template<class Handle, class Request>
void take_away(self_pointer self, const removal_ptr& work, const Handle& from, Request request) {
  ++work->open;
  ask<done>(self, from, deadline::inner, std::move(request), [self, work](result<done> r) {
    if (!r && !work->failure) work->failure = std::move(r.error());
    if (--work->open == 0) end(self, work);
  });
}

void take_all_away(self_pointer self, bool volumes) {
  auto& state = self->state;
  const auto& name = state.record.name;
  auto work = std::make_shared<removal>();
  if (state.record.snapshot != 0) take_away(self, work, state.parts->snapshot, remove_snapshot{state.record.snapshot});
  take_away(self, work, state.parts->snapshot, remove_container_folder{name});
  take_away(self, work, state.parts->volumes, release_mounts{name, volumes});
  take_away(self, work, state.sandbox, remove_sandbox{name});
}

/// From here on there is no way back: a crash leaves folders without a record, which the next start sweeps.
void erase_record(self_pointer self, bool volumes) {
  auto& state = self->state;
  record_changes changes{{store::erase_container{state.record.name}, store::erase_sandbox{state.record.sandbox}},
                         false};
  ask<done>(self, state.parts->metadata, deadline::inner, std::move(changes), [self, volumes](result<done> r) {
    if (r) return take_all_away(self, volumes);
    self->state.removing = false;
    for (auto& promise : std::exchange(self->state.removals, {})) promise.deliver(to_caf(r.error()));
  });
}

void remove_when_clean(self_pointer self, bool volumes) {
  if (self->state.clean) return erase_record(self, volumes);
  self->state.when_clean.push_back([self, volumes] { erase_record(self, volumes); });
}

result<void> may_remove(const container_supervisor_state& state, bool force) {
  const auto& record = state.record;
  if (force) return {};
  if (record.state.now == phase::paused)
    return fail(
        errc::failed_precondition,
        "You cannot remove a paused container {}. Unpause and then stop the container before attempting removal "
        "or force remove",
        record.name.id);
  if (alive(state) || record.state.now == phase::starting || record.state.now == phase::restarting)
    return fail(
        errc::failed_precondition,
        "You cannot remove a running container {}. Stop the container before attempting removal or force remove",
        record.name.id);
  return {};
}

/// The exit is told as any other; then the removal goes on.
void kill_first(self_pointer self, bool volumes) {
  auto& state = self->state;
  state.record.state.stopped_by_user = true;
  ask<done>(self, caf::actor_cast<container_supervisor_actor>(self), deadline::inner, kill_container{"SIGKILL"},
            [self, volumes](result<done> r) {
              // One that runs no more has its exit on the way.
              const bool ends = r || r.error().code == errc::failed_precondition;
              if (ends || !alive(self->state)) return remove_when_clean(self, volumes);
              self->state.removing = false;
              for (auto& promise : std::exchange(self->state.removals, {})) promise.deliver(to_caf(r.error()));
            });
}

} // namespace

caf::result<done> remove(self_pointer self, const remove_container& request) {
  auto& state = self->state;
  if (auto may = may_remove(state, request.force); !may) return to_caf(may.error());
  auto promise = self->make_response_promise<done>();
  state.removals.push_back(promise);
  if (std::exchange(state.removing, true)) return promise; // joins the removal under way
  auto go_on = [self, volumes = request.volumes] {
    if (alive(self->state))
      kill_first(self, volumes);
    else
      remove_when_clean(self, volumes);
  };
  if (state.record.state.now == phase::starting)
    state.when_launched.emplace_back(go_on); // else its init would run with nobody to know of it
  else
    go_on();
  return promise;
}

} // namespace gantry::container
