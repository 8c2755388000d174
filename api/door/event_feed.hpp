#pragma once

#include <deque>
#include <memory>

#include "api/http/ask.hpp"
#include "messages/events.hpp"

namespace gantry::door {

using http::awaitable;

/// A subscription to the engine's events for one coroutine. The next batch is asked for only when the last was taken,
/// so a client that is slow loses events in the events actor's bounded buffer, and is told how many. Ends with its
/// life.
class event_feed {
public:
  /// Subscribes; `what.subscriber` is set here. Errors: unavailable.
  static awaitable<result<std::unique_ptr<event_feed>>> open(http::workplace& at, const events_actor& events,
                                                             subscribe_events what);
  ~event_feed();
  event_feed(const event_feed&) = delete;
  event_feed& operator=(const event_feed&) = delete;

  /// The next batch; an empty one marks that what was remembered is over (once). Errors: cancelled.
  awaitable<result<event_batch>> next();

  struct mailbox;

private:
  event_feed(events_actor events, std::shared_ptr<mailbox> box, event_subscriber_actor actor)
      : events_(std::move(events)), box_(std::move(box)), actor_(std::move(actor)) {}
  events_actor events_;
  std::shared_ptr<mailbox> box_;
  event_subscriber_actor actor_;
  std::uint64_t id_ = 0;
  bool owes_ = false; ///< a batch was taken: the next is to be asked for
};

} // namespace gantry::door
