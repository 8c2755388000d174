#include "tests/catch.hpp"
#include "tools/gantry-load/engine/create_body.hpp"
#include "tools/gantry-load/line/parse.hpp"

#include <nlohmann/json.hpp>

using namespace gantry;
using namespace gantry::load;
using gantry::test::contains;
using strings = std::vector<std::string>;

namespace {

const char* no_variable(const char*) { return nullptr; }

settings parsed(strings arguments) {
  arguments.insert(arguments.end(), {"--image", "i"});
  auto got = parse_line(std::move(arguments), no_variable);
  INFO((got ? "" : got.error().message));
  REQUIRE(got);
  REQUIRE(got->run);
  return *got->run;
}

std::string refused(strings arguments) {
  auto got = parse_line(std::move(arguments), no_variable);
  if (got) return "";
  CHECK(got.error().code == errc::invalid_argument);
  return got.error().message;
}

} // namespace

TEST_CASE("options may stand before and after the scenario") {
  auto got = parsed({"--count", "5", "churn", "--in-flight", "3", "--network", "none"});
  CHECK(got.what == scenario::churn);
  CHECK(got.count == 5);
  CHECK(got.in_flight == 3);
  CHECK_FALSE(got.open_loop());
  CHECK(got.cmd == strings{"true"});
  CHECK(got.socket == "/run/gantry/gantry.sock");
  CHECK(got.wait == "next-exit");
}

TEST_CASE("each scenario has its own defaults") {
  auto hold = parsed({"hold", "--count", "2"});
  CHECK(hold.cmd == strings{"sleep", "100000"});
  CHECK(hold.seconds == 5);
  auto exec = parsed({"exec", "--count", "2"});
  CHECK(exec.cmd == strings{"true"});
  CHECK(exec.idle_cmd == strings{"sleep", "100000"});
  CHECK(parsed({"churn", "--rate", "2.5", "--seconds", "1.5"}).max_in_flight == 1000);
}

TEST_CASE("a command is words with quotes, or a JSON list") {
  CHECK(parsed({"churn", "--count", "1", "--cmd", "sh -c 'exit 3'"}).cmd == strings{"sh", "-c", "exit 3"});
  CHECK(parsed({"churn", "--count", "1", "--cmd", R"(["sh", "-c", "echo 'a b'"])"}).cmd ==
        strings{"sh", "-c", "echo 'a b'"});
  CHECK_THAT(refused({"churn", "--count", "1", "--image", "i", "--cmd", "[1]"}), contains("--cmd"));
}

TEST_CASE("the socket is the option's, else the environment's") {
  auto variable = [](const char* name) -> const char* {
    return std::string_view(name) == "DOCKER_HOST" ? "unix:///run/docker.sock" : nullptr;
  };
  auto got = parse_line({"churn", "--image", "i", "--count", "1"}, variable);
  REQUIRE(got);
  CHECK(got->run->socket == "/run/docker.sock");
  got = parse_line({"churn", "--image", "i", "--count", "1", "--host", "/other.sock"}, variable);
  REQUIRE(got);
  CHECK(got->run->socket == "/other.sock");
  CHECK_THAT(refused({"churn", "--image", "i", "--count", "1", "-H", "tcp://h:1"}), contains("unix://"));
}

TEST_CASE("folders to settle are a list of whole paths") {
  CHECK(parsed({"churn", "--count", "1", "--settle", "/a,/b/c"}).settle == strings{"/a", "/b/c"});
  CHECK(parsed({"churn", "--count", "1"}).settle.empty());
  CHECK_THAT(refused({"churn", "--image", "i", "--count", "1", "--settle", "/a,b"}), contains("--settle b"));
}

TEST_CASE("a line that means nothing is refused with the reason") {
  CHECK_THAT(refused({"--image", "i", "--count", "1"}), contains("scenario"));
  CHECK_THAT(refused({"churn", "--count", "1"}), contains("--image"));
  CHECK_THAT(refused({"churn", "--image", "i"}), contains("--count"));
  CHECK_THAT(refused({"hold", "--image", "i", "--seconds", "2"}), contains("--count"));
  CHECK_THAT(refused({"churn", "--image", "i", "--count", "1", "--max-in-flight", "3"}), contains("--rate"));
  CHECK_THAT(refused({"churn", "--image", "i", "--count", "1", "--json", "-", "--csv", "-"}), contains("--csv"));
  for (const auto& bad : {strings{"storm"},
                          {"churn", "--nonsense"},
                          {"churn", "--count", "-1"},
                          {"churn", "--rate", "0"},
                          {"churn", "--in-flight", "0"},
                          {"churn", "--memory", "much"},
                          {"churn", "--wait", "forever"}})
    CHECK(refused(bad) != "");
}

TEST_CASE("help and version are texts") {
  auto help = parse_line({"--help"}, no_variable);
  REQUIRE(help);
  CHECK_FALSE(help->run);
  for (auto word : {"churn", "hold", "exec", "--retry-429", "Poisson", "Exit status"})
    CHECK_THAT(help->text, contains(word));
  auto version = parse_line({"--version"}, no_variable);
  REQUIRE(version);
  CHECK_THAT(version->text, contains("gantry-load version"));
}

TEST_CASE("the create body has what was asked for, and nothing else") {
  auto plain = nlohmann::json::parse(create_body(parsed({"churn", "--count", "1"}), {"true"}, "r1"));
  CHECK(plain ==
        nlohmann::json::parse(R"({"Image":"i","Cmd":["true"],"Labels":{"gantry-load":"r1"},"HostConfig":{}})"));
  auto asked = parsed({"churn", "--count", "1", "--network", "host", "--memory", "64m", "--read-only", "--runtime",
                       "crun", "--pids-limit", "9"});
  auto host = nlohmann::json::parse(create_body(asked, {"true"}, "r1"))["HostConfig"];
  CHECK(host == nlohmann::json::parse(R"({"NetworkMode":"host","Memory":67108864,"ReadonlyRootfs":true,"Runtime":"crun",
    "PidsLimit":9})"));
}
