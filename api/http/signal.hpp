#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>

#include "api/http/coroutine.hpp"

namespace gantry::http {

/// Wakes the coroutine that waits for it. Set once, it stays set until `clear`. The door's thread alone.
class signal {
public:
  using clock = asio::steady_timer::clock_type;

  /// Nobody waits for it longer than to `until`.
  explicit signal(asio::io_context& io, clock::time_point until = clock::time_point::max()) : timer_(io, until) {}

  void notify() {
    set_ = true;
    timer_.cancel();
  }
  void clear() { set_ = false; }

  [[nodiscard]] bool overdue() const { return clock::now() >= timer_.expiry(); }

  /// False when the coroutine was cancelled instead, or the signal is overdue.
  awaitable<bool> wait() {
    if (!set_) co_await timer_.async_wait(asio::as_tuple(use_awaitable));
    co_return set_;
  }

private:
  bool set_ = false;
  asio::steady_timer timer_;
};

} // namespace gantry::http
