#include "actors/admission.hpp"

#include <algorithm>

namespace gantry {
namespace {

using self_pointer = admission_actor::stateful_pointer<admission_state>;

admission_state::queue& queue_of(admission_state& state, work_kind what) {
  return state.queues[static_cast<std::size_t>(what)];
}

/// False: it has ended. Its end is told to nobody then, and to monitor a bare address is to call an object that may be
/// in its destructor: CAF looks at neither.
bool watch(self_pointer self, const caf::actor_addr& holder) {
  const auto alive = caf::actor_cast<caf::strong_actor_ptr>(holder);
  if (!alive) return false;
  if (++self->state.holders[holder] == 1) self->monitor(alive);
  return true;
}

/// A container that restarts for ever asks for ever: it is not watched once for each time.
void unwatch(self_pointer self, const caf::actor_addr& holder) {
  auto found = self->state.holders.find(holder);
  if (found == self->state.holders.end() || --found->second > 0) return;
  self->state.holders.erase(found);
  self->demonitor(holder);
}

slot grant(self_pointer self, work_kind what, const caf::actor_addr& holder) {
  auto& state = self->state;
  auto& free = queue_of(state, what).free;
  slot granted{what, state.next_id++, *free.begin()};
  free.erase(free.begin());
  state.held.emplace(granted.id, admission_state::grant{granted, holder});
  return granted;
}

/// The next one waiting, of the client whose turn it is.
admission_state::waiting take_next(admission_state::queue& q) {
  auto turn = q.by_client.upper_bound(q.last_client);
  if (turn == q.by_client.end()) turn = q.by_client.begin();
  auto next = std::move(turn->second.front());
  turn->second.pop_front();
  q.last_client = turn->first;
  if (turn->second.empty()) q.by_client.erase(turn);
  --q.waiting_count;
  return next;
}

bool may_begin(admission_state& state, work_kind what) {
  const auto& launches = queue_of(state, work_kind::launch);
  return !queue_of(state, what).free.empty() &&
         (what != work_kind::creation || launches.waiting_count < launches.limit.slots);
}

void hand_on(self_pointer self, work_kind what) {
  auto& q = queue_of(self->state, what);
  while (q.waiting_count > 0 && may_begin(self->state, what)) {
    auto next = take_next(q);
    next.promise.deliver(grant(self, what, next.holder));
  }
  if (what == work_kind::launch) hand_on(self, work_kind::creation);
}

void release(self_pointer self, std::uint64_t id) {
  auto found = self->state.held.find(id);
  if (found == self->state.held.end()) return;
  auto freed = found->second.what;
  unwatch(self, found->second.holder);
  self->state.held.erase(found);
  queue_of(self->state, freed.what).free.insert(freed.place);
  hand_on(self, freed.what);
}

void forget_waiting(admission_state& state, const caf::actor_addr& gone) {
  for (auto& q : state.queues)
    for (auto client = q.by_client.begin(); client != q.by_client.end();) {
      q.waiting_count -= std::erase_if(client->second, [&](const auto& w) { return w.holder == gone; });
      client = client->second.empty() ? q.by_client.erase(client) : std::next(client);
    }
}

void release_all_of(self_pointer self, const caf::actor_addr& gone) {
  self->state.holders.erase(gone);
  forget_waiting(self->state, gone);
  std::vector<std::uint64_t> ids;
  for (const auto& [id, held] : self->state.held)
    if (held.holder == gone) ids.push_back(id);
  for (auto id : ids) release(self, id);
  hand_on(self, work_kind::launch); // fewer wait
}

void pass(self_pointer self, const pass_slot& request) {
  auto found = self->state.held.find(request.held.id);
  if (found == self->state.held.end()) return;
  if (!watch(self, request.holder)) return release(self, request.held.id);
  unwatch(self, std::exchange(found->second.holder, request.holder));
}

caf::error exhausted(std::string_view what, admission_state::queue& q) {
  ++q.refused;
  return to_caf(error{errc::exhausted,
                      fmt::format("the engine is at its limit: {} {} are under way and {} wait; ask again later",
                                  q.limit.slots, what, q.waiting_count),
                      0});
}

// -- the bound on waiting ----------------------------------------------------------------------------------------------

constexpr std::array<std::pair<work_kind, std::string_view>, 2> bounded = {
    {{work_kind::creation, "creations"}, {work_kind::launch, "starts"}}};

void keep_clock(self_pointer self) {
  auto& state = self->state;
  auto waited_for = [&](const auto& kind) { return queue_of(state, kind.first).waiting_count > 0; };
  if (state.clock_runs || std::none_of(bounded.begin(), bounded.end(), waited_for)) return;
  state.clock_runs = true;
  self->delayed_send(self, admission_tick, refuse_overdue{});
}

void refuse_those_overdue(self_pointer self) {
  auto& state = self->state;
  state.clock_runs = false;
  for (const auto& [kind, name] : bounded) {
    auto& q = queue_of(state, kind);
    for (auto client = q.by_client.begin(); client != q.by_client.end();) {
      auto& line = client->second;
      for (; !line.empty() && self->clock().now() - line.front().since >= longest_wait; line.pop_front()) {
        line.front().promise.deliver(exhausted(name, q));
        unwatch(self, line.front().holder);
        --q.waiting_count;
      }
      client = line.empty() ? q.by_client.erase(client) : std::next(client);
    }
  }
  hand_on(self, work_kind::launch);
  keep_clock(self);
}

// -- requests ----------------------------------------------------------------------------------------------------------

caf::result<slot> acquire(self_pointer self, const acquire_slot& request) {
  auto& q = queue_of(self->state, request.what);
  const bool at_once = q.waiting_count == 0 && may_begin(self->state, request.what);
  if (!at_once && q.waiting_count >= q.limit.queue) return exhausted("requests of this kind", q);
  if (!watch(self, request.holder))
    return to_caf(error{errc::cancelled, "whoever asked for a turn of the engine's has ended", 0});
  if (at_once) return grant(self, request.what, request.holder);
  auto promise = self->make_response_promise<slot>();
  q.by_client[request.client].push_back({self->clock().now(), request.holder, promise});
  ++q.waiting_count;
  keep_clock(self);
  return promise;
}

metrics figures(const admission_state& state) {
  static constexpr std::array<const char*, 5> names{"creation", "launch", "pull", "extraction",
                                                    "archive"}; // as work_kind
  std::map<std::string, std::uint64_t> waiting, held, slots, refused;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto& q = state.queues[i];
    waiting[names[i]] = q.waiting_count;
    held[names[i]] = q.limit.slots - q.free.size();
    slots[names[i]] = q.limit.slots;
    refused[names[i]] = q.refused;
  }
  metrics made;
  using kind = metric::kind;
  made.add("gantry_admission_waiting", "Requests that wait for a slot.", kind::gauge, samples_by("work", waiting));
  made.add("gantry_admission_held", "Slots in use.", kind::gauge, samples_by("work", held));
  made.add("gantry_admission_slots", "Slots that there are.", kind::gauge, samples_by("work", slots));
  made.add("gantry_admission_refused_total", "Requests that were told to ask again later.", kind::counter,
           samples_by("work", refused));
  return made;
}

} // namespace

admission_actor::behavior_type admission(self_pointer self, admission_limits limits) {
  auto set = [self](work_kind what, admission_limit limit) {
    auto& q = queue_of(self->state, what);
    q.limit = limit;
    for (std::uint32_t place = 0; place < limit.slots; ++place) q.free.insert(place);
  };
  set(work_kind::creation, limits.creation);
  set(work_kind::launch, limits.launch);
  set(work_kind::pull, limits.pull);
  set(work_kind::extraction, limits.extraction);
  set(work_kind::archive, limits.archive);
  self->set_down_handler([self](const caf::down_msg& down) { release_all_of(self, down.source); });
  return {
      [self](const acquire_slot& request) { return acquire(self, request); },
      [self](const release_slot& request) { release(self, request.held.id); },
      [self](const pass_slot& request) { pass(self, request); },
      [self](const refuse_overdue&) { refuse_those_overdue(self); },
      [self](const read_metrics&) { return figures(self->state); },
  };
}

} // namespace gantry
