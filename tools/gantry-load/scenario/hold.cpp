#include "tools/gantry-load/engine/create_body.hpp"
#include "tools/gantry-load/scenario/container.hpp"
#include "tools/gantry-load/scenario/drive.hpp"
#include "tools/gantry-load/scenario/scenarios.hpp"

namespace gantry::load {

namespace {

task<> remove_held(run_state& run, std::string id) {
  auto called = clock_type::now();
  auto gone = co_await kill_and_remove(run, std::move(id));
  if (gone)
    run.record(stage::remove, called);
  else if (run.note(gone.error()) == ending::failed && !run.interrupted.is_set())
    ++run.measured.failed;
}

} // namespace

task<> run_hold(run_state& run, hold_moments moments) {
  auto body = create_body(run.asked, run.asked.cmd, run.run_id);
  std::vector<std::string> made;
  moments.before();
  pace how{run.asked.count, run.asked.in_flight, run.asked.open_loop()};
  unit one = [&](time_point intended) { return start_one(run, body, intended, made); };
  co_await drive(run, how, one);
  co_await run.interrupted.wait(clock_type::now() + run.asked_duration());
  moments.held();
  auto remove = [&](std::size_t n) { return remove_held(run, made[n]); };
  co_await for_each_number(run, made.size(), run.asked.in_flight, remove);
}

} // namespace gantry::load
