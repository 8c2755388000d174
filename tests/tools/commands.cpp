#include <sstream>

#include "tests/catch.hpp"
#include "tests/tools/scripted_daemon.hpp"
#include "tools/gantry/daemon/endpoint.hpp"
#include "tools/gantry/line/dispatch.hpp"

using namespace gantry;
using namespace gantry::cli;
using test::frame;
using test::json_response;
using test::scripted_daemon;
using test::upgraded;

namespace {

using script = std::map<std::string, std::vector<std::string>>;

struct outcome {
  int code = 0;
  std::string out, err;
};

outcome gantry_with(const std::string& socket, const std::vector<std::string>& line) {
  std::ostringstream out, err;
  console io{.out = out, .err = err, .in_fd = -1, .out_fd = -1};
  auto dial = [&](const std::string&) -> result<http::connector> {
    return http::connector([&] { return connect_to({.socket = socket}); });
  };
  outcome told;
  told.code = run_command_line(line, io, dial);
  told.out = out.str();
  told.err = err.str();
  return told;
}

script a_run(const std::string& stream, int status) {
  return {{"POST /containers/create", {json_response(201, R"({"Id":"c1","Warnings":["careful"]})")}},
          {"POST /containers/c1/attach", {upgraded(stream)}},
          {"POST /containers/c1/wait", {json_response(200, fmt::format(R"({{"StatusCode":{}}})", status))}},
          {"POST /containers/c1/start", {"HTTP/1.1 204 X\r\n\r\n"}}};
}

} // namespace

TEST_CASE("run prints both streams and ends with the process's status") {
  scripted_daemon daemon(a_run(frame(1, "hi\n") + frame(2, "oh\n"), 42));
  auto told = gantry_with(daemon.socket(), {"run", "--rm", "--name", "a b", "alpine", "echo", "hi"});
  CHECK(told.code == 42);
  CHECK(told.out == "hi\n");
  CHECK(told.err == "WARNING: careful\noh\n");
  auto asked = daemon.asked();
  REQUIRE(asked.size() == 4);
  CHECK_THAT(asked[0], test::contains("POST /v1.47/containers/create?name=a%20b "));
  CHECK_THAT(asked[0], test::contains(R"("AutoRemove":true)"));
  CHECK_THAT(asked[2], test::contains("wait?condition=removed"));
  CHECK_THAT(asked[3], test::contains("/start"));
}

TEST_CASE("run pulls an image that is missing, with its progress on stderr") {
  auto answers = a_run("", 0);
  answers["POST /containers/create"].insert(answers["POST /containers/create"].begin(),
                                            json_response(404, R"({"message":"No such image: alpine:latest"})"));
  answers["POST /images/create"] = {
      json_response(200, "{\"status\":\"Pulling\",\"id\":\"latest\"}\r\n{\"status\":\"Done\"}\r\n")};
  scripted_daemon daemon(answers);
  auto told = gantry_with(daemon.socket(), {"run", "-d", "alpine"});
  CHECK(told.code == 0);
  CHECK(told.out == "c1\n");
  CHECK(told.err == "Unable to find image 'alpine' locally\nlatest: Pulling\nDone\nWARNING: careful\n");
  CHECK_THAT(daemon.asked().at(1), test::contains("fromImage=docker.io%2Flibrary%2Falpine&tag=latest"));
}

TEST_CASE("run has docker's exit codes when the daemon refuses") {
  auto code_of = [](const std::string& message) {
    auto answers = a_run("", 0);
    answers["POST /containers/c1/start"] = {json_response(400, R"({"message":")" + message + R"("})")};
    scripted_daemon daemon(answers);
    return gantry_with(daemon.socket(), {"run", "alpine", "x"}).code;
  };
  CHECK(code_of("exec: nosuch: executable file not found in $PATH") == 127);
  CHECK(code_of("exec: /etc: permission denied") == 126);
  CHECK(code_of("port is already allocated") == 125);
  CHECK(gantry_with("/nowhere", {"run", "--bogus", "alpine"}).code == 125);
  auto gone = gantry_with("/nowhere", {"run", "alpine"});
  CHECK(gone.code == 125);
  CHECK_THAT(gone.err, test::contains("gantry: connect to /nowhere"));
  CHECK(gantry_with("/nowhere", {"ps"}).code == 1);
}

TEST_CASE("exec runs a command and ends with its status") {
  scripted_daemon daemon(script{{"POST /containers/web/exec", {json_response(201, R"({"Id":"e1"})")}},
                                {"POST /exec/e1/start", {upgraded(frame(1, "out"))}},
                                {"GET /exec/e1/json", {json_response(200, R"({"ExitCode":3,"Running":false})")}}});
  auto told = gantry_with(daemon.socket(), {"exec", "-e", "A=1", "-w", "/tmp", "web", "sh", "-c", "exit 3"});
  CHECK(told.code == 3);
  CHECK(told.out == "out");
  CHECK_THAT(daemon.asked().at(0), test::contains(R"("Cmd":["sh","-c","exit 3"])"));
}

TEST_CASE("ps shows docker's table, templates and JSON") {
  scripted_daemon daemon(
      script{{"GET /containers/json",
              {json_response(200, R"([{"Id":"0123456789abcdef","Image":"alpine","Command":"sleep 1000000000000000",
    "Created":1,"State":"running","Status":"Up 2 minutes","Names":["/web"],
    "Ports":[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},{"IP":"0.0.0.0","PrivatePort":81,"PublicPort":8081,"Type":"tcp"}]}])")}}});
  auto table = gantry_with(daemon.socket(), {"ps"});
  CHECK(table.code == 0);
  CHECK_THAT(table.out, test::contains("CONTAINER ID   IMAGE     COMMAND                  CREATED"));
  CHECK_THAT(table.out, test::contains("0123456789ab   alpine    \"sleep 1000000000000…\""));
  CHECK_THAT(table.out, test::contains("0.0.0.0:8080-8081->80-81/tcp   web\n"));
  CHECK(gantry_with(daemon.socket(), {"ps", "-q"}).out == "0123456789ab\n");
  CHECK(gantry_with(daemon.socket(), {"ps", "-aq", "--no-trunc"}).out == "0123456789abcdef\n");
  CHECK(gantry_with(daemon.socket(), {"ps", "--format", "{{.Names}} {{.Status}}"}).out == "web Up 2 minutes\n");
  CHECK(json::parse(gantry_with(daemon.socket(), {"ps", "--json"}).out)["State"] == "running");
  (void)gantry_with(daemon.socket(), {"ps", "--filter", "name=a", "--filter", "name=b"});
  CHECK_THAT(daemon.asked().back(), test::contains(http::escape(R"({"name":{"a":true,"b":true}})")));
}

TEST_CASE("a command for several objects goes on after a failure") {
  scripted_daemon daemon(script{{"POST /containers/b/stop", {"HTTP/1.1 304 X\r\n\r\n"}}});
  auto told = gantry_with(daemon.socket(), {"stop", "-t", "1", "a", "b"});
  CHECK(told.code == 1);
  CHECK(told.out == "b\n");
  CHECK(told.err == "gantry: Error response from daemon: page not found\n");
}

TEST_CASE("spec prints the document, or where each field comes from") {
  scripted_daemon daemon(script{{"POST /gantry/spec", {json_response(200, R"({"config":{"process":{"cwd":"/"}},
    "notes":[{"pointer":"/process/cwd","origin":"image","why":"WORKDIR"}],"warnings":[]})")}}});
  CHECK(gantry_with(daemon.socket(), {"spec", "alpine"}).out == "{\n  \"process\": {\n    \"cwd\": \"/\"\n  }\n}\n");
  auto told = gantry_with(daemon.socket(), {"spec", "--explain", "--read-only", "alpine", "sh"}).out;
  CHECK(told == "POINTER        VALUE     ORIGIN    WHY\n/process/cwd   \"/\"       image     WORKDIR\n");
  CHECK_THAT(daemon.asked().back(), test::contains(R"("ReadonlyRootfs":true)"));
}

TEST_CASE("inspect looks in all kinds, and says what is nowhere") {
  scripted_daemon daemon(script{{"GET /images/x/json", {json_response(200, R"({"Id":"sha256:1"})")}}});
  CHECK(gantry_with(daemon.socket(), {"inspect", "-f", "{{.Id}}", "x"}).out == "sha256:1\n");
  auto told = gantry_with(daemon.socket(), {"inspect", "y"});
  CHECK(told.code == 1);
  CHECK(told.out == "[]\n");
  CHECK_THAT(told.err, test::contains("No such object: y"));
}

TEST_CASE("help, versions and unknown commands") {
  CHECK(gantry_with("/nowhere", {"--help"}).code == 0);
  CHECK_THAT(gantry_with("/nowhere", {"run", "--help"}).out, test::contains("--security-opt"));
  CHECK(gantry_with("/nowhere", {"fly"}).code == 125);
  CHECK(gantry_with("/nowhere", {"volume", "--help"}).code == 0);
  CHECK_THAT(gantry_with("/nowhere", {"completion", "bash"}).out, test::contains("complete -o default"));
  CHECK(gantry_with("/nowhere", {"__complete", "--", "un"}).out == "unpause\n");
  CHECK_THAT(gantry_with("/nowhere", {"__complete", "--", "run", "--mem"}).out, test::contains("--memory-swap\n"));
}

TEST_CASE("only Unix sockets are hosts") {
  CHECK(endpoint::choose("unix:///a/b.sock")->socket == "/a/b.sock");
  for (const auto* bad : {"tcp://127.0.0.1:2375", "ssh://host", "unix://relative", "/a/b.sock"})
    CHECK_FALSE(endpoint::choose(bad));
  CHECK_FALSE(endpoint::choose("unix:///" + std::string(200, 'x')));
}
