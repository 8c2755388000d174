#include "actors/events.hpp"

namespace gantry {
namespace {

using self_pointer = events_actor::stateful_pointer<events_state>;

bool is_progress(const event& e) { return e.type == event::subject::pull; }

bool wants(const subscribe_events& what, const event& e) {
  if (is_progress(e)) return !what.only_pull.empty() && e.id == what.only_pull;
  return what.only_pull.empty() && (what.ns.empty() || e.ns == what.ns);
}

void send_batch(events_state::subscriber& to) {
  if (!to.ready || (to.buffer.empty() && to.missed == 0)) return;
  event_batch batch{{to.buffer.begin(), to.buffer.end()}, to.missed, to.id};
  to.buffer.clear();
  to.missed = 0;
  to.ready = false;
  tell(to.what.subscriber, std::move(batch));
}

void offer(events_state& state, events_state::subscriber& to, const event& e) {
  if (!wants(to.what, e)) return;
  if (to.buffer.size() < buffered_events)
    to.buffer.push_back(e);
  else
    ++to.missed, ++state.dropped;
  send_batch(to);
}

void publish(self_pointer self, const event& e) {
  auto& state = self->state;
  for (auto& [id, to] : state.subscribers) offer(state, to, e);
  if (is_progress(e)) return;
  ++state.published;
  state.past.push_back(e);
  if (state.past.size() > remembered_events) state.past.pop_front();
}

subscription subscribe(self_pointer self, const subscribe_events& request) {
  auto& state = self->state;
  auto id = state.next_id++;
  self->monitor(caf::actor_cast<caf::actor_addr>(request.subscriber));
  auto& added = state.subscribers.emplace(id, events_state::subscriber{id, request, {}, 0, true}).first->second;
  if (request.since != 0)
    for (const auto& e : state.past)
      if (e.time >= request.since && wants(request, e)) added.buffer.push_back(e);
  send_batch(added);
  return {id};
}

metrics figures(const events_state& state) {
  metrics made;
  made.count("gantry_events_total", "Events published, progress of pulls apart.", state.published);
  made.count("gantry_events_dropped_total", "Events that subscribers were too slow for.", state.dropped);
  made.gauge("gantry_event_subscribers", "Who listens to events.", state.subscribers.size());
  return made;
}

} // namespace

events_actor::behavior_type events(self_pointer self) {
  self->set_down_handler([self](const caf::down_msg& down) {
    std::erase_if(self->state.subscribers, [&](const auto& entry) {
      return caf::actor_cast<caf::actor_addr>(entry.second.what.subscriber) == down.source;
    });
  });
  return {
      [self](const event& e) { publish(self, e); },
      [self](const subscribe_events& request) { return subscribe(self, request); },
      [self](const next_events& request) {
        auto found = self->state.subscribers.find(request.subscription);
        if (found == self->state.subscribers.end()) return;
        found->second.ready = true;
        send_batch(found->second);
      },
      [self](const unsubscribe_events& request) { self->state.subscribers.erase(request.subscription); },
      [self](const read_metrics&) { return figures(self->state); },
  };
}

} // namespace gantry
