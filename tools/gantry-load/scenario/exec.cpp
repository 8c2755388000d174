#include "tools/gantry-load/engine/create_body.hpp"
#include "tools/gantry-load/scenario/container.hpp"
#include "tools/gantry-load/scenario/drive.hpp"
#include "tools/gantry-load/scenario/scenarios.hpp"

namespace gantry::load {

namespace {

using namespace std::chrono_literals;

/// The exit status, which an engine may learn a moment after the output's end.
task<outcome<int>> settled_status(run_state& run, std::string exec) {
  auto until = clock_type::now() + run.asked.timeout;
  for (auto pause = 2ms;; pause = std::min(pause * 2, 100ms)) {
    auto got = co_await run.api.exec_status(exec);
    if (!got) co_return tl::unexpected(std::move(got.error()));
    if (*got) co_return **got;
    if (clock_type::now() >= until || run.interrupted.is_set()) break;
    event nothing(run.loop);
    co_await nothing.wait(clock_type::now() + pause);
  }
  failure late;
  late.why = failure::cause::timeout;
  late.step = "exec status";
  co_return tl::unexpected(std::move(late));
}

task<ending> exec_one(run_state& run, const std::string& container, const std::string& body, time_point intended) {
  auto exec = co_await until_admitted(run, [&] { return run.api.exec_create(container, body); });
  if (!exec) co_return run.note(exec.error());
  run.record(stage::create, intended);
  auto called = clock_type::now(), answered = called;
  auto head = [&answered] { answered = clock_type::now(); };
  auto ran = co_await until_admitted(run, [&] { return run.api.exec_run(*exec, head); });
  if (!ran) co_return run.note(ran.error());
  run.record(stage::start, called, answered);
  run.record(stage::create_to_start, intended, answered);
  run.record(stage::exit, answered);
  run.record(stage::create_to_exit, intended);
  called = clock_type::now();
  auto status = co_await settled_status(run, *exec);
  if (!status) co_return run.note(status.error());
  run.record(stage::status, called);
  if (*status != run.asked.expect_exit) {
    failure wrong;
    wrong.why = failure::cause::exit;
    wrong.status = *status;
    wrong.step = "exec";
    co_return run.note(wrong);
  }
  run.record(stage::whole, intended);
  co_return ending::done;
}

/// The containers to exec in. What is measured of their making is forgotten, except for failures.
task<std::vector<std::string>> make_room(run_state& run) {
  std::vector<std::string> made;
  auto body = create_body(run.asked, run.asked.idle_cmd, run.run_id);
  pace how{run.asked.containers, std::min(run.asked.in_flight, 16u), false};
  unit one = [&](time_point intended) { return start_one(run, body, intended, made); };
  co_await drive(run, how, one);
  measurements kept;
  kept.failures = std::move(run.measured.failures);
  kept.failed = run.measured.failed;
  kept.refused = run.measured.refused;
  kept.answers = std::move(run.measured.answers);
  run.measured = std::move(kept);
  co_return made;
}

task<> remove_room(run_state& run, std::string id) {
  auto gone = co_await kill_and_remove(run, std::move(id));
  if (!gone) run.note(gone.error());
}

} // namespace

task<> run_exec(run_state& run) {
  auto made = co_await make_room(run);
  if (made.empty()) co_return;
  auto body = exec_body(run.asked);
  std::size_t next = 0;
  unit one = [&](time_point intended) { return exec_one(run, made[next++ % made.size()], body, intended); };
  run.limit_to_seconds();
  pace how{run.asked.count, run.asked.in_flight, run.asked.open_loop()};
  co_await drive(run, how, one);
  auto remove = [&](std::size_t n) { return remove_room(run, made[n]); };
  co_await for_each_number(run, made.size(), 16, remove);
}

} // namespace gantry::load
