#include "actors/images.hpp"

namespace gantry::image_steps {
namespace {

/// For each layer, another repository of the same registry that is known to have it: this engine has an image of that
/// name with that layer.
std::map<digest, std::vector<std::string>> elsewhere(const images_state& state, const reference& to) {
  std::map<digest, std::vector<std::string>> found;
  for (const auto& [where, name] : state.names) {
    if (name.name.domain != to.domain || name.name.repository == to.repository) continue;
    auto image = state.images.find(name.id);
    if (image == state.images.end()) continue;
    for (const auto& layer : image->second->layers) found.try_emplace(layer.content, std::vector{name.name.repository});
  }
  return found;
}

void run(self_pointer self, const push_image& request, held_images held,
         caf::typed_response_promise<pushed_image> promise) {
  auto& state = self->state;
  auto worker = state.parts.spawn_pusher();
  state.pushes.emplace(request.push_id, worker);
  run_push work{request, std::move(held.images.front()), elsewhere(state, request.name)};
  ask<pushed_image>(self, worker, deadline::without_end, std::move(work),
                    [self, request, promise](result<pushed_image> r) mutable {
                      self->state.pushes.erase(request.push_id);
                      if (r) emit(self, request.ns, "push", request.name.familiar(), request.name.familiar());
                      deliver(promise, std::move(r));
                    });
}

} // namespace

caf::result<pushed_image> push(self_pointer self, const push_image& request) {
  auto promise = self->make_response_promise<pushed_image>();
  if (!self->state.names.contains({request.ns, request.name}))
    return to_caf(
        error{errc::not_found, "An image does not exist locally with the tag: " + request.name.familiar(), 0});
  // Its content stays until the pusher's end, which releases the lease.
  hold_images wanted{request.ns, {request.name.str()}, request.push_id};
  ask<held_images>(self, caf::actor_cast<images_actor>(self), deadline::inner, std::move(wanted),
                   [self, request, promise](result<held_images> held) mutable {
                     if (!held) return refuse(promise, held.error());
                     run(self, request, std::move(*held), promise);
                   });
  return promise;
}

} // namespace gantry::image_steps
