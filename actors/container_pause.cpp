#include "actors/container_supervisor.hpp"

namespace gantry::container {
namespace {

/// Sends `request` and, once it is carried out, moves the container to `next`.
template<class Request>
caf::result<done> freeze(self_pointer self, Request request, phase next, std::string fact) {
  auto promise = self->make_response_promise<done>();
  ask<done>(self, launcher_of(self), deadline::inner, std::move(request),
            [self, promise, next, fact](result<done> r) mutable {
              if (r && alive(self->state)) {
                self->state.record.state.now = next;
                next == phase::paused ? rest_health(self) : resume_health(self);
                publish(self);
                emit(self, fact);
              }
              deliver(promise, std::move(r));
            });
  return promise;
}

} // namespace

caf::result<done> pause(self_pointer self) {
  const auto& record = self->state.record;
  if (record.state.now == phase::paused)
    return to_caf(error{errc::failed_precondition, "Container " + record.name.id + " is already paused", 0});
  if (record.state.now != phase::running)
    return to_caf(error{errc::failed_precondition, "Container " + record.name.id + " is not running", 0});
  return freeze(self, monitor::pause_container{record.name}, phase::paused, "pause");
}

caf::result<done> unpause(self_pointer self) {
  const auto& record = self->state.record;
  if (record.state.now != phase::paused)
    return to_caf(error{errc::failed_precondition, "Container " + record.name.id + " is not paused", 0});
  return freeze(self, monitor::resume_container{record.name}, phase::running, "unpause");
}

caf::result<done> rename(self_pointer self, const rename_container& request) {
  auto promise = self->make_response_promise<done>();
  auto change = change_name{self->state.record.name, request.display_name};
  ask<claimed>(self, self->state.parts->catalog, deadline::inner, std::move(change),
               [self, promise](result<claimed> r) mutable {
                 if (!r) return refuse(promise, r.error());
                 auto old = std::exchange(self->state.record.display_name, r->display_name);
                 publish_whole(self);
                 tell(self->state.sandbox, container_renamed{r->display_name});
                 emit(self, "rename", {{"oldName", "/" + old}});
                 promise.deliver(done{});
               });
  return promise;
}

} // namespace gantry::container
