#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>

#include "api/http/coroutine.hpp"

namespace gantry::http {

/// Wakes the coroutine that waits for it. Set once, it stays set until `clear`. The door's thread alone.
class signal {
public:
  explicit signal(asio::io_context& io) : timer_(io, asio::steady_timer::time_point::max()) {}

  void notify() {
    set_ = true;
    timer_.cancel();
  }
  void clear() { set_ = false; }

  /// False when the coroutine was cancelled instead.
  awaitable<bool> wait() {
    if (!set_) co_await timer_.async_wait(asio::as_tuple(use_awaitable));
    co_return set_;
  }

private:
  bool set_ = false;
  asio::steady_timer timer_;
};

} // namespace gantry::http
