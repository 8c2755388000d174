#pragma once

#include <deque>
#include <memory>

#include "api/docker/context.hpp"
#include "messages/events.hpp"

namespace gantry::docker {

/// A subscription to the engine's events for one coroutine. The next batch is asked for only when the last was taken,
/// so a client that is slow loses events in the events actor's bounded buffer, and is told how many. Ends with its
/// life.
class event_feed {
public:
  /// Subscribes; `what.subscriber` is set here. Errors: unavailable.
  static awaitable<result<std::unique_ptr<event_feed>>> open(context& door, subscribe_events what);
  ~event_feed();
  event_feed(const event_feed&) = delete;
  event_feed& operator=(const event_feed&) = delete;

  /// The next batch; an empty one marks that what was remembered is over (once). Errors: cancelled.
  awaitable<result<event_batch>> next();

  struct mailbox;

private:
  event_feed(context& door, std::shared_ptr<mailbox> box, event_subscriber_actor actor)
      : door_(door), box_(std::move(box)), actor_(std::move(actor)) {}
  context& door_;
  std::shared_ptr<mailbox> box_;
  event_subscriber_actor actor_;
  std::uint64_t id_ = 0;
  bool owes_ = false; ///< a batch was taken: the next is to be asked for
};

} // namespace gantry::docker
