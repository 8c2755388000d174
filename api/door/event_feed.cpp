#include "api/door/event_feed.hpp"

namespace gantry::door {
namespace {

using subscriber_actor = caf::typed_actor<reacts_to<event_batch>, reacts_to<done>>;

} // namespace

/// Where the subscriber's batches wait for the coroutine: the door's thread alone.
struct event_feed::mailbox {
  explicit mailbox(std::shared_ptr<http::loop> on) : home(std::move(on)), filled(home->io) {}
  std::shared_ptr<http::loop> home;
  http::signal filled;
  std::deque<event_batch> batches; ///< at most one, and the mark of the end of the past
};

namespace {

void hand_over(const std::shared_ptr<event_feed::mailbox>& box, event_batch batch) {
  box->home->post([box, batch = std::move(batch)]() mutable {
    box->batches.push_back(std::move(batch));
    box->filled.notify();
  });
}

subscriber_actor::behavior_type subscriber(const std::shared_ptr<event_feed::mailbox>& box) {
  return {
      [box](event_batch& batch) { hand_over(box, std::move(batch)); },
      // Sent by the door after the subscription: all that is remembered came before it.
      [box](const done&) { hand_over(box, {}); },
  };
}

} // namespace

awaitable<result<std::unique_ptr<event_feed>>> event_feed::open(http::workplace& at, const events_actor& events,
                                                                subscribe_events what) {
  auto box = std::make_shared<mailbox>(at.home);
  auto actor = at.system.spawn([box](subscriber_actor::pointer) { return subscriber(box); });
  what.subscriber = actor;
  std::unique_ptr<event_feed> feed(new event_feed(events, box, actor));
  auto got = co_await http::ask<subscription>(at, events, std::move(what), deadline::inner);
  if (!got) co_return tl::unexpected<error>(got.error());
  feed->id_ = got->id;
  tell(actor, done{});
  co_return std::move(feed);
}

event_feed::~event_feed() {
  if (id_ != 0) tell(events_, unsubscribe_events{id_});
  caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown);
}

awaitable<result<event_batch>> event_feed::next() {
  if (std::exchange(owes_, false)) tell(events_, next_events{id_});
  if (box_->batches.empty()) co_await box_->filled.wait();
  if (box_->batches.empty()) co_return fail(errc::cancelled, "the subscription was given up");
  auto batch = std::move(box_->batches.front());
  box_->batches.pop_front();
  if (box_->batches.empty()) box_->filled.clear();
  owes_ = !batch.events.empty() || batch.missed != 0;
  co_return batch;
}

} // namespace gantry::door
