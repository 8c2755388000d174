#pragma once

#include <memory>
#include <optional>

#include "api/http/signal.hpp"
#include "api/http/workplace.hpp"

namespace gantry::http {

/// Runs `f`, which may block and returns a result<T>, on the door's pool, and returns that on the door's thread. A
/// coroutine that is cancelled does not wait for it: `f` must own (or share) all that it uses.
template<class F>
auto on_disk(workplace& at, F f) -> awaitable<decltype(f())> {
  using value = decltype(f());
  struct work {
    std::shared_ptr<loop> home;
    signal ready;
    std::optional<value> got;
    explicit work(std::shared_ptr<loop> on) : home(std::move(on)), ready(home->io) {}
  };
  auto job = std::make_shared<work>(at.home);
  asio::post(at.disk, [job, f = std::move(f)]() mutable {
    auto value_there = f();
    job->home->post([job, v = std::move(value_there)]() mutable {
      job->got = std::move(v);
      job->ready.notify();
    });
  });
  co_await job->ready.wait();
  if (!job->got) co_return fail(errc::cancelled, "the request was given up");
  co_return std::move(*job->got);
}

} // namespace gantry::http
