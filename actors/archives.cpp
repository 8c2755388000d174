#include "actors/archives.hpp"

#include "actors/random_id.hpp"
#include "runtime/stream/pipe.hpp"
#include "runtime/sys/thread_name.hpp"

namespace gantry {
namespace {

using self_pointer = archives_actor::stateful_pointer<archives_state>;

// Whoever is at the other end of a pipe hears that nobody is at this one.
void let_go(const save_images& request, const error& why) { request.into->fail(why); }
void let_go(const load_images& request, const error& why) { request.from->fail(why); }
void let_go(const import_image& request, const error& why) { request.from->fail(why); }
void let_go(const commit_container&, const error&) {}
void let_go(const list_changes&, const error&) {}

/// In the slot: by an archiver of its own.
template<class Reply, class Request>
void run(self_pointer self, const Request& request, const slot& place, caf::typed_response_promise<Reply> promise) {
  auto worker = self->spawn<caf::detached>(archiver, self->state.parts);
  ask<Reply>(self, worker, deadline::without_end, request, [self, request, place, promise](result<Reply> r) mutable {
    tell(self->state.parts.admission, release_slot{place});
    if (!r) let_go(request, r.error());
    deliver(promise, std::move(r));
  });
}

template<class Reply, class Request>
caf::result<Reply> in_turn(self_pointer self, const Request& request) {
  auto promise = self->template make_response_promise<Reply>();
  acquire_slot wanted{work_kind::archive, request.client, self->address()};
  ask<slot>(self, self->state.parts.admission, deadline::without_end, std::move(wanted),
            [self, request, promise](const result<slot>& place) mutable {
              if (place) return run(self, request, *place, promise);
              let_go(request, place.error());
              refuse(promise, place.error());
            });
  return promise;
}

} // namespace

archives_actor::behavior_type archives(self_pointer self, archives_parts parts) {
  self->state.parts = std::move(parts);
  return {
      [self](const save_images& request) { return in_turn<done>(self, request); },
      [self](const load_images& request) { return in_turn<loaded_images>(self, request); },
      [self](const import_image& request) { return in_turn<made_image>(self, request); },
      [self](const commit_container& request) { return in_turn<made_image>(self, request); },
      [self](const list_changes& request) { return in_turn<change_list>(self, request); },
  };
}

archives_actor::behavior_type archiver(archiving::self_pointer self, archives_parts parts) {
  sys::name_thread("archiver");
  self->state.parts = std::move(parts);
  self->state.lease = random_id();
  return {
      [self](const save_images& request) { return archiving::save(self, request); },
      [self](const load_images& request) { return archiving::load(self, request); },
      [self](const import_image& request) { return archiving::import_layer(self, request); },
      [self](const commit_container& request) { return archiving::commit(self, request); },
      [self](const list_changes& request) { return archiving::list(self, request); },
  };
}

namespace archiving {

void end(self_pointer self) {
  tell(self->state.parts.snapshot, release_lease{self->state.lease});
  self->quit();
}

error unreadable(error why) {
  bool of_ours = why.os_errno != 0;
  if (!of_ours && (why.code == errc::exhausted || why.code == errc::not_found)) why.code = errc::invalid_argument;
  return why;
}

result<std::size_t> pipe_source::read(std::span<char> into) { return from_->read(into); }
result<void> pipe_sink::write(std::string_view bytes) { return into_->write(bytes); }

} // namespace archiving
} // namespace gantry
