#include "api/http/ask.hpp"

#include <atomic>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "messages/metrics.hpp"
#include "tests/catch.hpp"

namespace gantry::http {
namespace {

/// Keeps requests without an answer, and notes that whoever asked has ended.
struct silent_state {
  std::vector<caf::typed_response_promise<metrics>> kept;
};
metered_actor::behavior_type silent(metered_actor::stateful_pointer<silent_state> self, std::atomic<bool>* given_up) {
  self->set_down_handler([given_up](const caf::down_msg&) { *given_up = true; });
  return {[self](const read_metrics&) -> caf::result<metrics> {
    self->monitor(self->current_sender());
    self->state.kept.push_back(self->make_response_promise<metrics>());
    return self->state.kept.back();
  }};
}

metered_actor::behavior_type ready_one() {
  return {[](const read_metrics&) {
    metrics made;
    made.gauge("one", "One.", 1);
    return made;
  }};
}

/// Answers each request with its number.
metered_actor::behavior_type counting(metered_actor::pointer, std::atomic<int>* seen) {
  return {[seen](const read_metrics&) {
    metrics made;
    made.gauge(std::to_string(++*seen), "A number.", 1);
    return made;
  }};
}

struct stage {
  std::atomic<bool> given_up = false;
  caf::actor_system_config config;
  caf::actor_system system{config.set("scheduler.max-threads", 1)};
  std::shared_ptr<loop> home = std::make_shared<loop>();
  asio::thread_pool disk{1};
  workplace at{system, home, disk};

  ~stage() { home->close(); }

  /// Its end lets go of the promises that it keeps.
  void end_when_given_up(const metered_actor& one) {
    while (!given_up) std::this_thread::sleep_for(std::chrono::milliseconds(5)); // ctest has its own patience
    caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
  }

  /// What a coroutine of the door makes of it.
  template<class T>
  T run(awaitable<T> what) {
    std::optional<T> got;
    auto work = asio::make_work_guard(home->io);
    auto keep = [&]() -> awaitable<void> {
      got = co_await std::move(what);
      work.reset();
    };
    asio::co_spawn(home->io, keep(), asio::detached);
    home->io.run();
    home->io.restart();
    return std::move(*got);
  }
};

} // namespace

TEST_CASE("an actor is asked on behalf of a coroutine, with a deadline and without") {
  stage s;
  auto one = s.system.spawn(ready_one);
  for (auto within : {std::chrono::seconds(0), std::chrono::seconds(100)})
    CHECK(s.run(ask<metrics>(s.at, one, read_metrics{}, within)));
}

TEST_CASE("who does not answer by the deadline is let go of, and the coroutine hears of a time-out") {
  stage s;
  auto one = s.system.spawn(silent, &s.given_up);
  auto got = s.run(ask<metrics>(s.at, one, read_metrics{}, std::chrono::seconds(1)));
  REQUIRE_FALSE(got);
  CHECK(got.error().code == errc::timeout);
  s.end_when_given_up(one);
}

TEST_CASE("a request that is given up is let go of, and its answer falls into nothing") {
  stage s;
  auto one = s.system.spawn(silent, &s.given_up);
  auto waiting = send_request<metrics>(s.at, one, read_metrics{}, std::chrono::seconds(0));
  auto give_up = [waiting]() -> awaitable<bool> {
    waiting->give_up();
    co_return waiting->answered();
  };
  CHECK_FALSE(s.run(give_up()));
  s.end_when_given_up(one);
}

TEST_CASE("requests are in the mailbox when they have been sent, in their order") {
  stage s;
  std::atomic<int> seen = 0;
  auto one = s.system.spawn(counting, &seen);
  auto first = send_request<metrics>(s.at, one, read_metrics{}, std::chrono::seconds(0));
  auto second = send_request<metrics>(s.at, one, read_metrics{}, std::chrono::seconds(0));
  auto answers = [first, second]() -> awaitable<std::string> {
    auto later = co_await second->answer();
    auto earlier = co_await first->answer();
    co_return earlier->all.at(0).name + later->all.at(0).name;
  };
  CHECK(s.run(answers()) == "12");
}

TEST_CASE(
    "an actor that ends without an answer answers by an error: with a promise it keeps, and for what came later") {
  stage s;
  auto one = s.system.spawn(silent, &s.given_up);
  auto waiting = send_request<metrics>(s.at, one, read_metrics{}, std::chrono::seconds(0));
  caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
  auto kept = s.run(waiting->answer());
  REQUIRE_FALSE(kept);
  CHECK(kept.error().code == errc::unavailable);
  auto later = s.run(ask<metrics>(s.at, one, read_metrics{}, std::chrono::seconds(0)));
  REQUIRE_FALSE(later);
  CHECK(later.error().code == errc::unavailable);
}

} // namespace gantry::http
