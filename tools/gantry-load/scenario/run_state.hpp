#pragma once

#include <string>

#include "tools/gantry-load/engine/engine_api.hpp"
#include "tools/gantry-load/line/settings.hpp"
#include "tools/gantry-load/loop/event.hpp"
#include "tools/gantry-load/measure/measurements.hpp"

namespace gantry::load {

/// What the coroutines of a run share.
struct run_state {
  run_state(event_loop& on, const settings& what, std::string id)
      : loop(on), asked(what), run_id(std::move(id)), api(on, what.socket, what.timeout), interrupted(on) {}

  event_loop& loop;
  const settings& asked;
  std::string run_id;
  engine_api api;
  measurements measured;
  event interrupted; ///< by the user: nothing new begins, and failures count no more
  time_point began, ended;
  /// When units cease to begin; retries too.
  time_point deadline = never;

  [[nodiscard]] bool over() const { return interrupted.is_set() || clock_type::now() >= deadline; }
  /// --seconds, as a duration.
  [[nodiscard]] clock_type::duration asked_duration() const {
    return std::chrono::duration_cast<clock_type::duration>(std::chrono::duration<double>(asked.seconds));
  }
  /// From now on the deadline counts, if --seconds was given.
  void limit_to_seconds() {
    if (asked.seconds > 0) deadline = clock_type::now() + asked_duration();
  }
  void record(stage which, time_point from, time_point to = clock_type::now()) { measured.of(which).record(to - from); }
  /// Counts a failure by kind. A refusal has been counted already; what an interrupted run makes fail is no failure.
  ending note(const failure& why);
};

/// Asks until the engine has room, with --retry-429, and once without; each refusal's latency is counted. `ask` makes
/// the call's task.
template<class Ask>
auto until_admitted(run_state& run, Ask ask) -> decltype(ask()) {
  for (auto pause = std::chrono::milliseconds(100);; pause = std::min(pause * 2, std::chrono::milliseconds(2000))) {
    auto called = clock_type::now();
    auto got = co_await ask();
    if (got || !got.error().refused()) co_return got;
    run.measured.refusals.record(clock_type::now() - called);
    ++run.measured.answers[got.error().status];
    if (!run.asked.retry_429 || run.over()) co_return got;
    auto until = clock_type::now() + got.error().retry_after.value_or(pause);
    co_await run.interrupted.wait(until);
  }
}

} // namespace gantry::load
