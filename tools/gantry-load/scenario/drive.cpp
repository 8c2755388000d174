#include "tools/gantry-load/scenario/drive.hpp"

#include "tools/gantry-load/measure/arrivals.hpp"

namespace gantry::load {

namespace {

constexpr std::chrono::milliseconds pause_after_failure{100};

task<ending> run_unit(run_state& run, const unit& one, time_point intended) {
  auto& m = run.measured;
  ++m.begun;
  m.peak_in_flight = std::max(m.peak_in_flight, ++m.in_flight);
  auto how = ending::failed;
  try {
    how = co_await one(intended);
  } catch (const std::exception& thrown) {
    ++m.failures[std::string("gantry-load itself: ") + thrown.what()];
  }
  --m.in_flight;
  if (how == ending::done) ++m.done;
  if (how == ending::refused) ++m.refused;
  // A unit that the interruption cut short has not failed.
  if (how == ending::failed && !run.interrupted.is_set()) ++m.failed;
  co_return how;
}

task<> arrived(run_state& run, const unit& one, time_point intended) { co_await run_unit(run, one, intended); }

bool may_begin(const run_state& run, const pace& how) {
  return !run.over() && (how.count == 0 || run.measured.begun < how.count);
}

task<> worker(run_state& run, const pace& how, const unit& one) {
  while (may_begin(run, how)) {
    auto ended = co_await run_unit(run, one, clock_type::now());
    // An engine that is being restarted would be met by a hundred thousand attempts, all of them failures.
    if (ended == ending::failed) co_await run.interrupted.wait(clock_type::now() + pause_after_failure);
  }
}

task<> arrive(run_state& run, const pace& how, const unit& one, group& units) {
  arrivals coming(run.asked.rate, run.asked.seed);
  auto& m = run.measured;
  while (!run.over() && (how.count == 0 || m.begun + m.shed < how.count)) {
    auto intended = run.began + coming.next();
    if (intended >= run.deadline) break;
    // One that is late already begins at once: its latency counts from when it was to begin.
    if (intended > clock_type::now()) co_await run.interrupted.wait(intended);
    if (run.interrupted.is_set()) break;
    if (m.in_flight >= run.asked.max_in_flight)
      ++m.shed;
    else
      units.spawn(arrived(run, one, intended));
  }
}

task<> take_numbers(std::size_t& next, std::size_t count, const std::function<task<>(std::size_t)>& one) {
  while (next < count) co_await one(next++);
}

} // namespace

task<> drive(run_state& run, pace how, unit one) {
  run.began = clock_type::now();
  group units(run.loop);
  if (how.open)
    co_await arrive(run, how, one, units);
  else
    for (unsigned i = 0; i < how.in_flight && may_begin(run, how); ++i) units.spawn(worker(run, how, one));
  co_await units.all_ended();
  run.ended = clock_type::now();
}

task<> for_each_number(run_state& run, std::size_t count, unsigned in_flight, std::function<task<>(std::size_t)> one) {
  std::size_t next = 0;
  group workers(run.loop);
  for (unsigned i = 0; i < in_flight && next < count; ++i) workers.spawn(take_numbers(next, count, one));
  co_await workers.all_ended();
}

} // namespace gantry::load
