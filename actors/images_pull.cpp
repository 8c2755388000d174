#include "actors/images.hpp"

namespace gantry::image_steps {
namespace {

void answer_all(self_pointer self, const images_state::pull_key& which, const puller_actor& from,
                const result<pulled_image>& outcome) {
  auto found = self->state.pulls.find(which);
  if (found == self->state.pulls.end() || found->second.puller != from) return; // given up
  ++self->state.pulls_by_end[outcome ? "done" : "failed"];
  auto waiting = std::move(found->second.waiting);
  self->state.pulls.erase(found);
  for (auto& [id, promise] : waiting) deliver(promise, outcome);
}

} // namespace

caf::result<pulled_image> pull(self_pointer self, const pull_image& request) {
  auto& state = self->state;
  images_state::pull_key which{request.ns, request.name, request.wanted.str(), request.login};
  auto [found, added] = state.pulls.try_emplace(which);
  auto promise = self->make_response_promise<pulled_image>();
  found->second.waiting.emplace(request.pull_id, promise);
  if (!added) {
    tell(found->second.puller, join_pull{request.pull_id});
    return promise;
  }
  found->second.puller = state.parts.spawn_puller(caf::actor_cast<images_actor>(self));
  // No deadline of its own: a pull that makes progress may last; one that stalls is ended by its transfers.
  auto puller = found->second.puller;
  self->request(puller, caf::infinite, request)
      .then([self, which, puller](pulled_image& done) { answer_all(self, which, puller, std::move(done)); },
            [self, which, puller](caf::error& e) {
              answer_all(self, which, puller, tl::unexpected<error>(from_caf(e)));
            });
  return promise;
}

void abandon(self_pointer self, const abandon_pull& request) {
  if (auto push = self->state.pushes.find(request.pull_id); push != self->state.pushes.end())
    return tell(push->second, cancel_pull{});
  auto& pulls = self->state.pulls;
  for (auto pull = pulls.begin(); pull != pulls.end(); ++pull) {
    auto& waiting = pull->second.waiting;
    auto found = waiting.find(request.pull_id);
    if (found == waiting.end()) continue;
    refuse(found->second, {errc::cancelled, "the pull was given up", 0});
    waiting.erase(found);
    if (!waiting.empty()) return;
    tell(pull->second.puller, cancel_pull{});
    ++self->state.pulls_by_end["cancelled"];
    pulls.erase(pull); // who asks now gets a pull of its own, not the end of this one
    return;
  }
}

} // namespace gantry::image_steps
