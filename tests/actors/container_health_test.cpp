#include <csignal>

#include "tests/actors/container_stage.hpp"

namespace gantry::test {
namespace {

using namespace std::chrono_literals;

healthcheck every_ten_seconds() {
  healthcheck made;
  made.test = {"CMD-SHELL", "curl -f localhost"};
  made.interval = 10s, made.timeout = 3s, made.retries = 2;
  return made;
}

struct health_stage : container_stage {
  explicit health_stage(const healthcheck& check = every_ten_seconds())
      : container_stage(true, [&](cast&, container_options& options) { options.health = check; }) {
    (void)launch().value();
  }
  health_state health() { return row().state.health.value(); }
  /// The probe that runs ends.
  void end_probe(int code, const std::string& output = "said") {
    on.say(container, container_process_exited{"health", code, false, false, 99, output});
  }
  void probe(int code) {
    on.advance(10s);
    end_probe(code);
  }
  std::size_t probes() { return play.count("launcher.exec_process"); }
  bool saw(const std::string& action) {
    auto seen = actions();
    return std::find(seen.begin(), seen.end(), action) != seen.end();
  }
};

} // namespace

TEST_CASE("health: a container without a check has neither state nor probes") {
  container_stage s;
  (void)s.launch().value();
  s.on.advance(1h);
  CHECK_FALSE(s.row().state.health);
  CHECK_FALSE(s.play.asked("launcher.exec_process"));
}

TEST_CASE("health: it starts, is probed after the interval, and is healthy once a probe succeeds") {
  health_stage s;
  CHECK(s.health().now == health_status::starting);
  s.on.advance(9s);
  CHECK(s.probes() == 0);
  s.on.advance(1s);
  REQUIRE(s.play.executed.size() == 1);
  CHECK(s.play.executed[0].keep_output == 4097);
  CHECK(s.play.executed[0].process_json.find(R"(["/bin/sh","-c","curl -f localhost"])") != std::string::npos);
  s.end_probe(0);
  CHECK(s.health().now == health_status::healthy);
  CHECK(s.health().log.back().output == "said");
  CHECK(s.saw("exec_create: /bin/sh -c curl -f localhost"));
  CHECK(s.saw("exec_start: /bin/sh -c curl -f localhost"));
  CHECK(s.saw("exec_die"));
  CHECK(s.saw("health_status: healthy"));
}

TEST_CASE("health: the interval is from the end of one probe to the beginning of the next") {
  health_stage s;
  s.on.advance(10s);
  s.on.advance(2s);
  s.end_probe(0);
  s.on.advance(9s);
  CHECK(s.probes() == 1);
  s.on.advance(1s);
  CHECK(s.probes() == 2);
}

TEST_CASE("health: only a change is told as an event and written") {
  health_stage s;
  auto written = s.play.count("metadata.put_container_state");
  s.probe(1);
  CHECK(s.health().failing_streak == 1);
  CHECK(s.play.count("metadata.put_container_state") == written);
  s.probe(1);
  CHECK(s.health().now == health_status::unhealthy);
  CHECK(s.saw("health_status: unhealthy"));
  CHECK(s.play.count("metadata.put_container_state") == written + 1);
  s.probe(1);
  CHECK(s.play.count("metadata.put_container_state") == written + 1);
}

TEST_CASE("health: a probe that takes too long is killed, and has failed with what it had said") {
  health_stage s;
  s.on.advance(10s);
  s.on.advance(3s);
  CHECK(s.play.exec_signals["health"] == SIGKILL);
  s.end_probe(137, "waiting");
  CHECK(s.health().log.back().exit_code == -1);
  CHECK(s.health().log.back().output == "Health check exceeded timeout (3s): waiting");
}

TEST_CASE("health: the time of one probe does not end the next one") {
  auto check = every_ten_seconds();
  check.interval = 1s;
  health_stage s(check);
  s.on.advance(1s);
  s.end_probe(0); // its time would be up at 4 s
  s.on.advance(1s);
  s.on.advance(2s);
  CHECK(s.play.exec_signals.empty());
  s.on.advance(1s);
  CHECK(s.play.exec_signals["health"] == SIGKILL);
}

TEST_CASE("health: nor does it end one that is only being started") {
  auto check = every_ten_seconds();
  check.interval = 2s;
  health_stage s(check);
  s.on.advance(2s);
  s.end_probe(0); // its time would be up at 5 s
  s.play.held.insert("launcher.exec_process");
  s.on.advance(2s);
  s.on.advance(2s);
  CHECK(s.play.exec_signals.empty());
  s.release("launcher.exec_process");
  s.on.advance(3s);
  CHECK(s.play.exec_signals["health"] == SIGKILL);
}

TEST_CASE("health: a command that cannot be run is a failure with the runtime's words") {
  health_stage s;
  s.play.failures["launcher.exec_process"] = {errc::unavailable, "runc: executable file not found", 0};
  s.on.advance(10s);
  CHECK(s.health().log.back().exit_code == -1);
  CHECK(s.health().log.back().output == "runc: executable file not found");
  s.play.failures.clear();
  s.probe(0);
  CHECK(s.health().now == health_status::healthy);
}

TEST_CASE("health: a paused container is not probed, and a probe that was under way counts for nothing") {
  health_stage s;
  s.on.advance(10s);
  (void)s.on.ask<done>(s.container, pause_container{}).value();
  CHECK(s.play.exec_signals["health"] == SIGKILL);
  s.on.advance(1h);
  CHECK(s.probes() == 1);
  (void)s.on.ask<done>(s.container, unpause_container{}).value();
  s.on.advance(10s);
  CHECK(s.probes() == 1); // cgroups v1: it dies only now
  s.end_probe(137);
  CHECK(s.health().log.empty());
  s.on.advance(10s);
  CHECK(s.probes() == 2);
}

TEST_CASE("health: probes end with the container, and begin anew with its next life") {
  health_stage s;
  s.probe(0);
  s.exit(0);
  s.on.advance(1h);
  CHECK(s.probes() == 1);
  CHECK(s.health().now == health_status::healthy); // as it was when it ended
  (void)s.launch().value();
  CHECK(s.health().now == health_status::starting);
  CHECK(s.health().log.empty());
  s.probe(0);
  CHECK(s.probes() == 2);
}

TEST_CASE("health: the image's check holds where the user names none") {
  container_stage s(true, [](cast& with, container_options&) { with.of->config.health = every_ten_seconds(); });
  (void)s.launch().value();
  CHECK(s.row().state.health);
  CHECK(s.row().effective_health == every_ten_seconds());
}

TEST_CASE("health: an engine that finds the container goes on where the last one was, and ends its probe first") {
  container_stage s(false);
  container_record record;
  record.name = record.sandbox = s.name;
  record.display_name = "web";
  record.image_id = s.of->id;
  record.state.now = phase::running;
  record.state.started_at = 1;
  record.state.health = health_state{health_status::healthy, 0, {}};
  record.effective_health = every_ten_seconds();
  auto view = std::make_shared<const container_record>(record);
  (void)s.on.ask<done>(s.parts->catalog, restore_container{view, s.container, s.sandbox});
  (void)s.on.ask<done>(s.container,
                       recover_container{record, monitor::container_entry{s.name, 77, 7, false, 0, false, 3, 0}});
  CHECK(s.row().state.health->now == health_status::healthy);
  CHECK(s.play.exec_signals["health"] == SIGKILL);
  s.on.advance(10s);
  CHECK(s.row().state.health->log.empty());
  s.on.say(s.container, container_process_exited{"health", 137, false, false, 99, ""});
  CHECK(s.row().state.health->log.empty());
  s.on.advance(10s); // it has no config.json to read here: that there was a probe is what is looked at
  CHECK(s.row().state.health->log.size() == 1);
}

} // namespace gantry::test
