#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>

#include "api/http/coroutine.hpp"
#include "api/http/signal.hpp"
#include "api/http/workplace.hpp"
#include "messages/caf.hpp"

namespace gantry::http {

/// A request that was sent to an actor. The door's thread alone. It keeps the deadline itself: a timer of the loop
/// costs less than one of CAF, whose clock is a thread that each request would wake.
template<class Reply>
class pending {
public:
  pending(std::shared_ptr<loop> on, signal::clock::time_point deadline)
      : loop_(std::move(on)), sent_(loop_->io), answered_(loop_->io, deadline) {}

  /// Waits until the request is in the mailbox of the actor asked: whatever is asked later comes after it.
  awaitable<void> sent() {
    if (sending_.exchange(sending::awaited) != sending::over) co_await sent_.wait();
  }

  /// Waits for the answer, and takes it: once. A wait that was cancelled can be repeated. Errors: the actor's; timeout;
  /// unavailable when it ended; cancelled when the coroutine was.
  awaitable<result<Reply>> answer() {
    co_await ready();
    if (!got_) co_return fail(errc::cancelled, "the request was given up");
    co_return std::move(*got_);
  }
  /// As `answer`, but leaves the answer to be taken later: for a wait that races with another. False when cancelled.
  awaitable<bool> ready() {
    const bool came = co_await answered_.wait(); // named: GCC 12 miscompiles one within a condition of several parts
    if (!came && !got_ && answered_.overdue()) {
      give_up();
      got_ = tl::unexpected<error>(from_caf(caf::make_error(caf::sec::request_timeout)));
    }
    co_return answered();
  }
  [[nodiscard]] bool answered() const { return got_.has_value(); }

  /// Nobody will take the answer: the asking actor ends, and whoever was asked may let go of the request.
  void give_up() { caf::anon_send_exit(asker_, caf::exit_reason::user_shutdown); }

  /// True when the coroutine waits for that: was_sent is to be called on its thread. Any thread.
  bool over() { return sending_.exchange(sending::over) == sending::awaited; }
  void asked_by(caf::actor_addr asker) { asker_ = std::move(asker); }
  void was_sent() { sent_.notify(); }
  void arrived(result<Reply> got) {
    if (got_) return; // too late
    got_ = std::move(got);
    answered_.notify();
  }

private:
  enum class sending { under_way, awaited, over };

  std::shared_ptr<loop> loop_; // outlives the signals
  std::atomic<sending> sending_ = sending::under_way;
  signal sent_, answered_;
  std::optional<result<Reply>> got_;
  caf::actor_addr asker_; ///< which holds this, until it has answered
};

namespace detail {

/// Held by the asking actor: brings the answer to the door's thread. An actor that ends without one (the system shuts
/// down) answers by its destructor.
template<class Reply>
class courier {
public:
  courier(std::shared_ptr<loop> on, std::shared_ptr<pending<Reply>> to) : loop_(std::move(on)), to_(std::move(to)) {}
  courier(const courier&) = delete;
  courier& operator=(const courier&) = delete;
  ~courier() { deliver(fail(errc::unavailable, "the engine is shutting down")); }

  void sent() {
    if (to_ && to_->over()) loop_->post([to = to_] { to->was_sent(); });
  }
  void deliver(result<Reply> got) {
    if (!to_) return;
    loop_->post([to = std::exchange(to_, nullptr), got = std::move(got)]() mutable { to->arrived(std::move(got)); });
  }

private:
  std::shared_ptr<loop> loop_;
  std::shared_ptr<pending<Reply>> to_;
};

/// The life of the actor that asks on behalf of a coroutine: one request. It ends with the answer.
template<class Reply, class Handle, class Request>
void ask_once(caf::event_based_actor* self, const Handle& to, Request request,
              const std::shared_ptr<courier<Reply>>& bring) {
  request_within(self, to, deadline::inner, std::move(request))
      .then([bring](Reply& reply) { bring->deliver(std::move(reply)); },
            [bring](caf::error& why) { bring->deliver(tl::unexpected<error>(from_caf(why))); });
  bring->sent();
}

} // namespace detail

/// Sends a request and returns at once. A deadline of zero means: without end.
template<class Reply, class Handle, class Request>
std::shared_ptr<pending<Reply>> send_request(workplace& at, const Handle& to, Request what,
                                             std::chrono::seconds within_time) {
  using clock = signal::clock;
  auto until = within_time.count() == 0 ? clock::time_point::max() : clock::now() + within_time;
  auto waiting = std::make_shared<pending<Reply>>(at.home, until);
  auto bring = std::make_shared<detail::courier<Reply>>(at.home, waiting);
  auto asker = at.system.spawn([to, bring, what = std::move(what)](caf::event_based_actor* self) mutable {
    detail::ask_once<Reply>(self, to, std::move(what), bring);
    bring.reset(); // the handlers hold it now
  });
  waiting->asked_by(asker.address());
  return waiting;
}

/// Asks an actor on behalf of a coroutine of the door. Blocks nothing; a coroutine that is cancelled meanwhile gets
/// `cancelled`, and the operation goes on to its end. Errors: as pending::answer.
template<class Reply, class Handle, class Request>
awaitable<result<Reply>> ask(workplace& at, const Handle& to, Request what, std::chrono::seconds within_time) {
  auto waiting = send_request<Reply>(at, to, std::move(what), within_time);
  co_return co_await waiting->answer();
}

} // namespace gantry::http
