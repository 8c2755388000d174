#include "tools/gantry-load/report/report.hpp"

#include <nlohmann/json.hpp>

#include "tests/catch.hpp"
#include "tests/tools/load/near.hpp"
#include "tools/gantry-load/report/progress.hpp"

using namespace gantry::load;
using gantry::test::near;
using namespace std::chrono_literals;
using gantry::test::contains;

namespace {

report example() {
  report made;
  made.asked.image = "busybox";
  made.asked.in_flight = 4;
  made.asked.cmd = {"true"};
  made.engine = {"Engine", "1.2", "1.47"};
  auto& m = made.measured;
  for (int i = 1; i <= 100; ++i) {
    m.of(stage::create).record(i * 1ms);
    m.of(stage::whole).record(i * 10ms);
  }
  m.begun = m.done = 100;
  m.peak_in_flight = 4;
  made.seconds = 5;
  return made;
}

} // namespace

TEST_CASE("the table has a line for each stage that happened") {
  auto text = render_table(example());
  CHECK_THAT(text, contains("Engine 1.2 (API 1.47), churn of busybox: closed loop, 4 in flight"));
  CHECK_THAT(text, contains("100 done in 5.00 s: 20.0/s; 0 failed, 0 refused"));
  CHECK_THAT(text, contains("create               100      1.00      49.9      89.9"));
  CHECK(text.find("remove") == text.npos);
  CHECK(text.find("429") == text.npos);
  CHECK(text.find("engine  ") == text.npos);
}

TEST_CASE("the table tells of refusals, failures and what was left over") {
  auto what = example();
  what.asked.rate = 12.5;
  what.asked.max_in_flight = 7;
  what.measured.shed = 3;
  what.measured.refused = 2;
  what.measured.refusals.record(1ms);
  what.measured.failures["create: HTTP 500 no"] = 9;
  what.leaked = {"abc", "def"};
  what.left = {"def"};
  what.interrupted = true;
  auto text = render_table(what);
  for (auto part : {"open loop, 12.5 arrivals/s (seed 1), at most 7 in flight", "2 refused (HTTP 429 1 times), 3 shed",
                    "; interrupted", "refused (429)", "9 x create: HTTP 500 no", "2 containers were left over",
                    "1 containers could not be removed"})
    CHECK_THAT(text, contains(part));
}

TEST_CASE("the table says what the engine used, and what a held container costs") {
  auto what = example();
  what.used = usage{};
  what.used->peak.pss_kb = 4321;
  what.used->cpu_ms = 250;
  what.memory = hold_memory{{3, 3, 10, 1000}, {3, 3, 110, 1850}, 100};
  auto text = render_table(what);
  CHECK_THAT(text, contains("4321"));
  CHECK_THAT(text, contains("engine 2.50, its children 0.00"));
  CHECK_THAT(text, contains("100 held: 8.5 KB of PSS and 1.0 descriptors each"));
}

TEST_CASE("the table says how long the engine went on after its last answer") {
  auto what = example();
  CHECK(render_table(what).find("settled") == std::string::npos);
  what.settle_seconds = 15;
  CHECK_THAT(render_table(what), contains("settled 15.00 s later: 5.0/s"));
  CHECK_FALSE(nlohmann::json::parse(render_json(example())).contains("settle_seconds"));
}

TEST_CASE("JSON has everything, by names that say the unit") {
  auto what = example();
  what.measured.failures["x"] = 1;
  what.measured.answers = {{429, 7}, {500, 2}};
  what.settle_seconds = 15;
  what.memory = hold_memory{{3, 3, 10, 1000}, {3, 3, 110, 1850}, 100};
  auto read = nlohmann::json::parse(render_json(what));
  CHECK(read["units"]["done"] == 100);
  CHECK(read["per_second"] == 20.0);
  CHECK(read["latency"]["create"]["max_ms"] == 100.0);
  CHECK(near(read["latency"]["whole"]["p50_ms"].get<double>(), 500, 0.01));
  CHECK_FALSE(read["latency"].contains("remove"));
  CHECK(read["memory"]["pss_kb_per_container"] == 8.5);
  CHECK(read["failures"]["x"] == 1);
  CHECK(read["answers"] == nlohmann::json::parse(R"({"429": 7, "500": 2})"));
  CHECK(read["settle_seconds"] == 15.0);
  CHECK(read["settled_per_second"] == 5.0);
  CHECK(read["fine"] == false);
  CHECK(read["asked"]["loop"] == "closed");
}

TEST_CASE("what is no UTF-8 does not spoil the document") {
  auto what = example();
  what.engine.name = "\xff\xfe";
  CHECK_FALSE(nlohmann::json::parse(render_json(what), nullptr, false).is_discarded());
}

TEST_CASE("CSV has a line a stage, refusals last") {
  auto text = render_csv(example());
  CHECK(text.starts_with(
      "scenario,stage,count,min_ms,p50_ms,p90_ms,p99_ms,p999_ms,max_ms,mean_ms\nchurn,create,100,1.0000,"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 4);
  CHECK_THAT(text, contains("\nchurn,refused,0,0.0000,"));
}

TEST_CASE("a run is fine when something was done and nothing went wrong") {
  CHECK(example().fine());
  auto what = example();
  what.measured.refused = 5;
  CHECK(what.fine());
  what.leaked = {"a"};
  CHECK_FALSE(what.fine());
  what = example();
  what.measured.failures["remove: timeout"] = 1;
  CHECK_FALSE(what.fine());
  what = example();
  what.leaks_known = false;
  CHECK_FALSE(what.fine());
  what = example();
  what.measured.done = 0;
  CHECK_FALSE(what.fine());
  what.interrupted = true;
  CHECK(what.fine());
}

TEST_CASE("the progress line is one line") {
  CHECK(progress_text(example().measured, 10) == "100 done, 10.0/s, 0 in flight, 0 failed, 0 refused");
}
