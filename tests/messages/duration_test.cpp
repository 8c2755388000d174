#include "messages/domain/duration.hpp"

#include "tests/catch.hpp"

using namespace gantry;
using namespace std::chrono_literals;

TEST_CASE("a duration is Go's") {
  CHECK(parse_duration("1h0m1.5s").value() == 3601500ms);
  CHECK(parse_duration("250ms").value() == 250ms);
  CHECK(parse_duration("2us3ns").value() == 2003ns);
  CHECK(parse_duration("1\xc2\xb5s").value() == 1us);
  CHECK(parse_duration("0").value() == 0ns);
  for (const auto* bad : {"", "10", "s", "1d", "1h-", "h1", "-1s", "1e3s", "300000000h", " 1s"}) {
    INFO(bad);
    CHECK_FALSE(parse_duration(bad));
  }
}

TEST_CASE("a duration is told as docker tells it") {
  CHECK(human_duration(0s) == "Less than a second");
  CHECK(human_duration(1s) == "1 second");
  CHECK(human_duration(59s) == "59 seconds");
  CHECK(human_duration(60s) == "About a minute");
  CHECK(human_duration(119s) == "About a minute");
  CHECK(human_duration(120s) == "2 minutes");
  CHECK(human_duration(3599s) == "59 minutes");
  CHECK(human_duration(1h) == "About an hour");
  CHECK(human_duration(24h * 3) == "3 days");
  CHECK(human_duration(24h * 20) == "2 weeks");
  CHECK(human_duration(24h * 800) == "2 years");
}
