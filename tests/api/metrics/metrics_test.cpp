#include "api/metrics/door.hpp"
#include "api/metrics/process.hpp"
#include "api/metrics/text.hpp"
#include "tests/api/docker/fake_engine.hpp"
#include "tests/api/http/client.hpp"

using namespace gantry;
using namespace gantry::metrics_door;

TEST_CASE("the text has each name once, with its help and type, and adds up what several say") {
  metrics one, other;
  one.count("a_total", "What is\ncounted \\ here.", 2);
  one.add("b", "By x.", metric::kind::gauge, {{{{"x", "1"}}, 1}, {{{"x", "2"}, {"y", "z"}}, 0.5}});
  other.add("b", "By x.", metric::kind::gauge, {{{{"x", "1"}}, 3}, {{{"x", "3"}}, 4}});
  other.count("a_total", "", 1);
  CHECK(text_of({one, other}) == "# HELP a_total What is\\ncounted \\\\ here.\n"
                                 "# TYPE a_total counter\n"
                                 "a_total 3\n"
                                 "# HELP b By x.\n"
                                 "# TYPE b gauge\n"
                                 "b{x=\"1\"} 4\n"
                                 "b{x=\"2\",y=\"z\"} 0.5\n"
                                 "b{x=\"3\"} 4\n");
}

TEST_CASE("a label's value may hold anything, a large count is exact") {
  metrics made;
  made.add("a", "A.", metric::kind::gauge, {{{{"l", "say \"x\\y\"\n"}}, 1}});
  made.count("b_total", "B.", 1'234'567'890'123);
  auto text = text_of({made});
  CHECK_THAT(text, test::contains("a{l=\"say \\\"x\\\\y\\\"\\n\"} 1\n"));
  CHECK_THAT(text, test::contains("b_total 1234567890123\n"));
}

TEST_CASE("the process's own figures are there") {
  auto text = text_of({process_figures()});
  for (auto name : {"process_cpu_seconds_total ", "process_resident_memory_bytes ", "process_threads ",
                    "process_start_time_seconds ", "process_open_fds "})
    CHECK_THAT(text, test::contains("\n" + std::string(name)));
}

TEST_CASE("the door answers /metrics with what each part says, and counts a part that says nothing") {
  test::folder at;
  test::fake_engine engine;
  http::server_options options;
  options.listen = {{at.path + "/m.sock", "", 0}, {"", "127.0.0.1", 0}};
  auto door = open_door(engine.system(), engine.handle(), options);
  REQUIRE(door);
  auto ask = [](test::client&& c, const std::string& line) {
    c.say(line + " HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n");
    return c.rest();
  };
  for (auto text : {ask(test::client(at.path + "/m.sock"), "GET /metrics"),
                    ask(test::client(AF_INET, (*door)->listening().back().port), "GET /metrics?x=1")}) {
    CHECK_THAT(text, test::contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    CHECK_THAT(text, test::contains("\ngantry_containers{state=\"running\"} 1\n"));
    CHECK_THAT(text, test::contains("\ngantry_metrics_missing 1\n"));
    CHECK_THAT(text, test::contains("\ngantry_build_info{version=\"" GANTRY_VERSION "\"} 1\n"));
  }
  CHECK_THAT(ask(test::client(at.path + "/m.sock"), "GET /"), test::contains("404 Not Found"));
  CHECK_THAT(ask(test::client(at.path + "/m.sock"), "POST /metrics"), test::contains("400 Bad Request"));
}
