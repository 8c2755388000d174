#include "actors/pod_supervisor.hpp"

namespace gantry::pod {
namespace {

/// Something asked of all containers at once; the first failure counts.
struct round {
  std::size_t open = 1; ///< one for the asking itself
  std::optional<error> failure;
  outcome then;

  void answered(const result<done>& r, bool ignore_failure) {
    if (!r && !ignore_failure && !failure) failure = r.error();
    if (--open > 0) return;
    if (failure)
      then(tl::unexpected<error>(std::move(*failure)));
    else
      then({});
  }
};

/// stop_container's answer for one that does not run is EALREADY; one whose supervisor is being made anew is asked
/// again by the retry.
bool has_ended(const result<done>& r) { return !r && r.error().os_errno == EALREADY; }

template<class Request>
void ask_all(self_pointer self, Request request, outcome then) {
  auto asked = std::make_shared<round>();
  asked->then = std::move(then);
  for (const auto& [name, one] : self->state.members) {
    ++asked->open;
    ask<done>(self, one.container, deadline::inner, request,
              [asked](const result<done>& r) { asked->answered(r, has_ended(r)); });
  }
  asked->answered(done{}, false);
}

/// From ready, or whatever an earlier try has left, to nothing but records and containers that do not run.
void end_all(self_pointer self, const outcome& then) {
  stop_container by_force{0, "SIGKILL"};
  ask_all(self, by_force, [self, then](const result<void>& ended) {
    if (!ended) return then(ended);
    unmake(self, [self, then](const result<void>& undone) {
      record(self, [then, undone](const result<void>& written) { then(undone ? written : undone); });
    });
  });
}

void end_pod(self_pointer self, const outcome& then) {
  auto& state = self->state;
  if (state.record.now != pod_phase::ready) return end_all(self, then);
  state.record.now = pod_phase::not_ready; // from here on nothing is created or started in it
  record(self, [self, then](const result<void>& written) {
    if (!written) return then(written);
    end_all(self, then);
  });
}

void answer(self_pointer self, caf::typed_response_promise<done> promise, const result<void>& r) {
  if (r)
    promise.deliver(done{});
  else
    refuse(promise, r.error());
  settle(self);
}

bool creates(const pod_supervisor_state& state) {
  for (const auto& [name, one] : state.members)
    if (!one.made) return true;
  return false;
}

/// Those under way come to their end first: a container is removed when it is whole.
void when_created(self_pointer self, std::function<void()> action) {
  if (creates(self->state))
    self->state.when_created.push_back(std::move(action));
  else
    action();
}

void remove_all(self_pointer self, const outcome& then) {
  when_created(self, [self, then] {
    ask_all(self, remove_container{true, true}, [self, then](const result<void>& removed) {
      if (!removed) return then(removed);
      forget(self, then);
    });
  });
}

} // namespace

caf::result<done> stop(self_pointer self) {
  auto promise = self->make_response_promise<done>();
  in_turn(self, [self, promise] {
    if (self->state.gone) return answer(self, promise, {});
    end_pod(self, [self, promise](const result<void>& r) { answer(self, promise, r); });
  });
  return promise;
}

caf::result<done> remove(self_pointer self) {
  auto promise = self->make_response_promise<done>();
  in_turn(self, [self, promise] {
    if (self->state.gone) return answer(self, promise, {});
    end_pod(self, [self, promise](const result<void>& ended) {
      if (!ended) return answer(self, promise, ended);
      remove_all(self, [self, promise](const result<void>& r) { answer(self, promise, r); });
    });
  });
  return promise;
}

} // namespace gantry::pod
