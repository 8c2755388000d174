#include "tools/gantry-load/engine/create_body.hpp"
#include "tools/gantry-load/scenario/drive.hpp"
#include "tools/gantry-load/scenario/scenarios.hpp"

namespace gantry::load {

namespace {

/// A wait for an exit, on a connection of its own.
struct exit_watch {
  explicit exit_watch(event_loop& loop) : in_force(loop) {}
  event in_force; ///< or it has failed
  call_handle call;
  outcome<int> status;
  time_point seen;
};

task<> watch_exit(run_state& run, const std::string& id, exit_watch& into) {
  into.status = co_await run.api.wait(
      id, run.asked.wait, [&into] { into.in_force.set(); }, &into.call);
  into.seen = clock_type::now();
  into.in_force.set();
}

failure unexpected_exit(int status) {
  failure made;
  made.why = failure::cause::exit;
  made.status = status;
  made.step = "run";
  return made;
}

/// From start to the exit. Nothing when all went well.
task<std::optional<failure>> run_to_exit(run_state& run, const std::string& id, time_point intended) {
  exit_watch watch(run.loop);
  group beside(run.loop);
  bool before = run.asked.wait == "next-exit";
  if (before) {
    beside.spawn(watch_exit(run, id, watch));
    co_await watch.in_force.wait();
  }
  auto called = clock_type::now();
  auto started = co_await until_admitted(run, [&] { return run.api.start(id); });
  auto answered = clock_type::now();
  if (!started) {
    watch.call.cancel(); // the exit would never come
    co_await beside.all_ended();
    co_return started.error();
  }
  run.record(stage::start, called, answered);
  run.record(stage::create_to_start, intended, answered);
  if (!before) beside.spawn(watch_exit(run, id, watch));
  co_await beside.all_ended();
  if (!watch.status) co_return watch.status.error();
  run.record(stage::exit, answered, watch.seen);
  run.record(stage::create_to_exit, intended, watch.seen);
  if (*watch.status != run.asked.expect_exit) co_return unexpected_exit(*watch.status);
  co_return std::nullopt;
}

task<ending> churn_one(run_state& run, const std::string& body, time_point intended) {
  auto id = co_await until_admitted(run, [&] { return run.api.create(body); });
  if (!id) co_return run.note(id.error());
  run.record(stage::create, intended);
  auto went_wrong = co_await run_to_exit(run, *id, intended);
  auto called = clock_type::now();
  auto how = went_wrong ? engine_api::removal::forced : engine_api::removal::stopped;
  auto removed = co_await run.api.remove(*id, how);
  if (went_wrong) co_return run.note(*went_wrong);
  if (!removed) co_return run.note(removed.error());
  run.record(stage::remove, called);
  run.record(stage::whole, intended);
  co_return ending::done;
}

} // namespace

task<> run_churn(run_state& run) {
  auto body = create_body(run.asked, run.asked.cmd, run.run_id);
  run.limit_to_seconds();
  pace how{run.asked.count, run.asked.in_flight, run.asked.open_loop()};
  unit one = [&run, &body](time_point intended) { return churn_one(run, body, intended); };
  co_await drive(run, how, one);
}

} // namespace gantry::load
