#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <type_traits>

#include "api/http/asker.hpp"
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
      : loop_(std::move(on)), answered_(loop_->io, deadline) {}

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

  /// Nobody will take the answer: whoever was asked may let go of the request, and is told so if it watches the asker.
  void give_up() { http::give_up(asker_); }

  void asked_by(caf::actor_addr asker) { asker_ = std::move(asker); }
  void arrived(result<Reply> got) {
    if (got_) return; // too late
    got_ = std::move(got);
    answered_.notify();
  }

private:
  std::shared_ptr<loop> loop_; // outlives the signal
  signal answered_;
  std::optional<result<Reply>> got_;
  caf::actor_addr asker_; ///< held by whoever may answer
};

namespace detail {

template<class Reply>
result<Reply> read_answer(caf::message answer) {
  if (answer.match_elements<Reply>()) return std::move(answer.get_mutable_as<Reply>(0));
  if (answer.match_elements<caf::error>()) return tl::unexpected<error>(from_caf(answer.get_as<caf::error>(0)));
  return fail(errc::internal, "a part of the engine answered something else than was asked: {}", to_string(answer));
}

} // namespace detail

/// Sends a request and returns at once: it is in the actor's mailbox, so whatever is asked later comes after it. A
/// deadline of zero means: without end.
template<class Reply, class Handle, class Request>
std::shared_ptr<pending<Reply>> send_request(workplace& at, const Handle& to, Request what,
                                             std::chrono::seconds within_time) {
  static_assert(
      std::is_same_v<caf::response_type_t<typename Handle::signatures, Request>, caf::detail::type_list<Reply>>,
      "the actor answers this request with something else");
  using clock = signal::clock;
  auto until = within_time.count() == 0 ? clock::time_point::max() : clock::now() + within_time;
  auto waiting = std::make_shared<pending<Reply>>(at.home, until);
  auto listen = [on = at.home, waiting](caf::message answer) mutable {
    on->post([waiting = std::move(waiting), got = detail::read_answer<Reply>(std::move(answer))]() mutable {
      waiting->arrived(std::move(got));
    });
  };
  waiting->asked_by(send_for(at.system, caf::actor_cast<caf::strong_actor_ptr>(to), caf::make_message(std::move(what)),
                             std::move(listen)));
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
