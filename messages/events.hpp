#pragma once

#include "messages/domain/event.hpp"
#include "messages/metrics.hpp"

namespace gantry {

/// Some events in order, and how many before them the subscriber was too slow for.
struct event_batch {
  std::vector<event> events;
  std::uint64_t missed = 0;
  std::uint64_t subscription = 0; ///< which next_events names
};
/// Ready for the next batch.
struct next_events {
  std::uint64_t subscription = 0;
};

/// event_subscriber: whoever listens; gets one batch at a time and asks for the next with next_events.
using event_subscriber_actor = caf::typed_actor<reacts_to<event_batch>>;

struct subscribe_events {
  std::string ns;
  std::string only_pull; ///< not empty: only progress of the pull with this id; empty: all but progress
  event_subscriber_actor subscriber;
  unix_nanos since = 0; ///< not 0: what is remembered from then on comes first
};
struct subscription {
  std::uint64_t id = 0;
};
struct unsubscribe_events {
  std::uint64_t subscription = 0;
};

/// events: the event stream; a bounded buffer per subscriber, and the last 1,024 events for who asks `since`.
using events_actor =
    caf::typed_actor<reacts_to<event>, replies_to<subscribe_events>::with<subscription>, reacts_to<next_events>,
                     reacts_to<unsubscribe_events>, replies_to<read_metrics>::with<metrics>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::event)
GANTRY_MESSAGE(gantry::event_batch)
GANTRY_MESSAGE(gantry::next_events)
GANTRY_MESSAGE(gantry::subscribe_events)
GANTRY_MESSAGE(gantry::subscription)
GANTRY_MESSAGE(gantry::unsubscribe_events)
