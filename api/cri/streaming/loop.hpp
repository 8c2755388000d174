#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "api/cri/streaming/backend.hpp"

namespace gantry::cri {

namespace asio = boost::asio;
using asio::awaitable;

/// Awaits an asio operation whose error code is looked at rather than thrown.
inline constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

/// The server's thread, as a backend's answers see it: a place to hand work to, which may be closed at any time.
class loop {
public:
  asio::io_context io{1};

  /// Runs `f` on the server's thread, or never when it is closed. Any thread.
  template<class F>
  void post(F f) {
    std::lock_guard guard(lock_);
    if (open_) asio::post(io, std::move(f));
  }
  /// Afterwards nothing is posted any more. Any thread.
  void close() {
    std::lock_guard guard(lock_);
    open_ = false;
  }

private:
  std::mutex lock_;
  bool open_ = true;
};

/// Wakes every coroutine that waits now. It remembers nothing: who waits checks its condition first, and again when
/// woken. The server's thread alone.
class wake_up {
public:
  explicit wake_up(asio::io_context& io) : timer_(io, asio::steady_timer::time_point::max()) {}

  void notify() { timer_.cancel(); }
  awaitable<void> wait() { co_await timer_.async_wait(as_tuple); }

private:
  asio::steady_timer timer_;
};

/// Waits for the backend's answer to what `begin` asks, a call with an answer<T>. The answer to one that was cancelled
/// falls into nothing.
template<class T, class Begin>
awaitable<result<T>> ask(std::shared_ptr<loop> home, Begin begin) {
  struct waiting {
    explicit waiting(asio::io_context& io) : done(io) {}
    wake_up done;
    std::optional<result<T>> got;
  };
  auto state = std::make_shared<waiting>(home->io);
  answer<T> to = [home, state](result<T> got) {
    home->post([state, got = std::move(got)]() mutable {
      state->got = std::move(got);
      state->done.notify();
    });
  };
  begin(std::move(to));
  while (!state->got) co_await state->done.wait(); // a cancelled coroutine leaves here, by exception
  co_return std::move(*state->got);
}

} // namespace gantry::cri
