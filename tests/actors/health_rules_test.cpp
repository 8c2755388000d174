#include "actors/health_rules.hpp"

#include "tests/catch.hpp"

using namespace gantry;
using namespace std::chrono_literals;

namespace {

healthcheck check_of(std::vector<std::string> test) {
  healthcheck made;
  made.test = std::move(test);
  return made;
}

probe_result result_of(int code) { return {1, 2, code, "said"}; }

} // namespace

TEST_CASE("health: the user's fields stand over the image's, one by one") {
  auto image = check_of({"CMD", "image"});
  image.interval = 7s, image.retries = 2;
  healthcheck user;
  user.retries = 9;
  auto made = health::choose(user, image);
  REQUIRE(made);
  CHECK(made->test == image.test);
  CHECK(made->interval == 7s);
  CHECK(made->retries == 9);
  CHECK(health::choose({}, image) == image);
}

TEST_CASE("health: no command, or NONE, is no check") {
  CHECK_FALSE(health::choose({}, {}));
  CHECK_FALSE(health::choose(check_of({}), {}));
  CHECK_FALSE(health::choose(check_of({"NONE"}), check_of({"CMD", "image"})));
  CHECK_FALSE(health::choose({}, check_of({"CMD"})));
}

TEST_CASE("health: a line goes to the shell, a command runs as it is") {
  CHECK(health::command_of(check_of({"CMD", "a", "b"}), {"/bin/sh", "-c"}) == std::vector<std::string>{"a", "b"});
  CHECK(health::command_of(check_of({"CMD-SHELL", "a b"}), {"/bin/bash", "-ec"}) ==
        std::vector<std::string>{"/bin/bash", "-ec", "a b"});
}

TEST_CASE("health: after as many failures in a row as were asked, it is unhealthy; one success heals") {
  auto check = check_of({"CMD", "x"});
  check.retries = 2;
  health_state state;
  health::take(state, check, result_of(1), 1s);
  CHECK(state.now == health_status::starting);
  health::take(state, check, result_of(1), 1s);
  CHECK(state.now == health_status::unhealthy);
  CHECK(state.failing_streak == 2);
  health::take(state, check, result_of(0), 1s);
  CHECK(state.now == health_status::healthy);
  CHECK(state.failing_streak == 0);
  health::take(state, check, result_of(-1), 1s);
  CHECK(state.now == health_status::healthy);
}

TEST_CASE("health: failures within the start period count for nothing, unless it was healthy before") {
  auto check = check_of({"CMD", "x"});
  check.retries = 1, check.start_period = 10s;
  health_state state;
  health::take(state, check, result_of(1), 9s);
  CHECK(state.now == health_status::starting);
  CHECK(state.failing_streak == 0);
  SECTION("after it") {
    health::take(state, check, result_of(1), 10s);
    CHECK(state.now == health_status::unhealthy);
  }
  SECTION("within it, once healthy") {
    health::take(state, check, result_of(0), 1s);
    health::take(state, check, result_of(1), 2s);
    CHECK(state.now == health_status::unhealthy);
  }
}

TEST_CASE("health: the last five results are kept") {
  health_state state;
  for (int code = 0; code < 8; ++code) health::take(state, check_of({"CMD", "x"}), result_of(code), 0s);
  REQUIRE(state.log.size() == 5);
  CHECK(state.log.front().exit_code == 3);
  CHECK(state.log.back().exit_code == 7);
}

TEST_CASE("health: when the next probe is due") {
  auto check = check_of({"CMD", "x"});
  CHECK(health::until_next(check, health_status::starting, 0s) == 30s);
  check.interval = 60s, check.start_period = 20s, check.start_interval = 2s;
  CHECK(health::until_next(check, health_status::starting, 1s) == 2s);
  CHECK(health::until_next(check, health_status::starting, 19s) == 1s); // as soon as the start period ends
  CHECK(health::until_next(check, health_status::healthy, 1s) == 19s);
  CHECK(health::until_next(check, health_status::starting, 20s) == 60s);
  check.start_interval = 0s;
  CHECK(health::until_next(check, health_status::starting, 1s) == 5s);
}

TEST_CASE("health: an image cannot ask for times that a clock does not hold, nor for none at all") {
  auto check = check_of({"CMD", "x"});
  check.interval = check.timeout = std::chrono::nanoseconds::max();
  CHECK(health::until_next(check, health_status::healthy, 0s) <= 24h * 366);
  CHECK(health::timeout_of(check) <= 24h * 366);
  check.interval = 1ns;
  CHECK(health::until_next(check, health_status::healthy, 0s) == 1ms);
}

TEST_CASE("health: output is kept up to 4 KiB, and says where it was cut") {
  CHECK(health::kept_output(std::string(4096, 'x')) == std::string(4096, 'x'));
  CHECK(health::kept_output(std::string(4097, 'x')) == std::string(4096, 'x') + "...");
}

TEST_CASE("health: times are written as Go writes them") {
  CHECK(health::go_duration(30s) == "30s");
  CHECK(health::go_duration(90s) == "1m30s");
  CHECK(health::go_duration(1500ms) == "1.5s");
  CHECK(health::go_duration(200ms) == "200ms");
  CHECK(health::go_duration(2h + 3s) == "2h0m3s");
  CHECK(health::go_duration(1'002'000ns) == "1.002ms");
}
