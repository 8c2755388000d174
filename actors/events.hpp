#pragma once

#include <deque>
#include <map>

#include "messages/events.hpp"

namespace gantry {

inline constexpr std::size_t remembered_events = 1024;
inline constexpr std::size_t buffered_events = 1024; ///< per subscriber that is busy with a batch

struct events_state {
  struct subscriber {
    std::uint64_t id = 0;
    subscribe_events what;
    std::deque<event> buffer; ///< at most buffered_events
    std::uint64_t missed = 0;
    bool ready = true; ///< has asked for the next batch
  };
  std::map<std::uint64_t, subscriber> subscribers;
  std::deque<event> past; ///< at most remembered_events; no progress among them
  std::uint64_t next_id = 1;
  std::uint64_t published = 0, dropped = 0;

  static inline const char* name = "events";
};

/// events (architecture, "Actors"): one that lags loses the newest and is told how many.
events_actor::behavior_type events(events_actor::stateful_pointer<events_state> self);

} // namespace gantry
