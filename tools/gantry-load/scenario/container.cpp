#include "tools/gantry-load/scenario/container.hpp"

namespace gantry::load {

task<ending> start_one(run_state& run, const std::string& body, time_point intended, std::vector<std::string>& made) {
  auto id = co_await until_admitted(run, [&] { return run.api.create(body); });
  if (!id) co_return run.note(id.error());
  run.record(stage::create, intended);
  auto called = clock_type::now();
  auto started = co_await until_admitted(run, [&] { return run.api.start(*id); });
  if (!started) {
    co_await run.api.remove(*id, engine_api::removal::forced);
    co_return run.note(started.error());
  }
  run.record(stage::start, called);
  run.record(stage::create_to_start, intended);
  run.record(stage::whole, intended);
  made.push_back(std::move(*id));
  co_return ending::done;
}

task<outcome<void>> kill_and_remove(run_state& run, std::string id) {
  auto killed = co_await run.api.kill(id);
  auto removed = co_await run.api.remove(id, engine_api::removal::forced);
  // One that does not run any more should have: that is worth to be told.
  co_return removed ? killed : removed;
}

} // namespace gantry::load
