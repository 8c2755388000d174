#pragma once

#include <memory>
#include <optional>

#include <boost/asio/steady_timer.hpp>

#include "api/cri/streaming/backend.hpp"
#include "api/http/coroutine.hpp"
#include "api/http/loop.hpp"

namespace gantry::cri {

namespace asio = boost::asio;
using http::awaitable;

using http::as_tuple;
using http::loop;

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
