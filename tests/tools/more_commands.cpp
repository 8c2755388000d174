#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/catch.hpp"
#include "tests/tools/scripted_daemon.hpp"
#include "tools/gantry/daemon/endpoint.hpp"
#include "tools/gantry/line/dispatch.hpp"
#include "tools/gantry/options/ipam.hpp"

using namespace gantry;
using namespace gantry::cli;
using test::contains;
using test::json_response;
using test::scripted_daemon;

namespace {

struct said {
  int code = 0;
  std::string out, err;
};

/// A command line, and the daemon that it talks to.
struct conversation {
  explicit conversation(std::map<std::string, std::vector<std::string>> answers) : daemon(std::move(answers)) {}

  said run(const std::vector<std::string>& line, int in_fd = -1) {
    std::ostringstream out, err;
    console io{.out = out, .err = err, .in_fd = in_fd, .out_fd = -1};
    auto dial = [&](const std::string&) -> result<http::connector> {
      return http::connector([&] { return connect_to({.socket = daemon.socket()}); });
    };
    said what;
    what.code = run_command_line(line, io, dial);
    what.out = out.str();
    what.err = err.str();
    return what;
  }
  std::string asked() { return daemon.asked().back(); }

  scripted_daemon daemon;
};

std::string lines_of(const std::string& documents) { return json_response(200, documents); }

std::string refusal_of(const ipam_options& options) {
  auto made = ipam_config(options);
  return made ? "" : made.error().message;
}

} // namespace

TEST_CASE("save writes the archive of all images, and load reads one from a file or stdin") {
  conversation s({{"GET /images/get", {json_response(200, "the archive")}},
                  {"POST /images/load", {lines_of("{\"stream\":\"Loaded image: a:1\\n\"}\r\n")}}});
  CHECK(s.run({"save", "a:1", "b"}).out == "the archive");
  CHECK_THAT(s.asked(), contains("/images/get?names=a%3A1&names=b"));
  char name[] = "/tmp/gantry-test-XXXXXX";
  sys::unique_fd file(::mkstemp(name));
  REQUIRE(::write(file.get(), "tar", 3) == 3);
  CHECK(s.run({"load", "-i", name}).out == "Loaded image: a:1\n");
  CHECK_THAT(s.asked(), contains("/images/load?quiet=0"));
  REQUIRE(::lseek(file.get(), 0, SEEK_SET) == 0);
  CHECK(s.run({"load", "-q"}, file.get()).code == 0);
  ::unlink(name);
  auto gone = s.run({"load", "-i", "/no/such"});
  CHECK(gone.code == 1);
  CHECK_THAT(gone.err, contains("/no/such"));
}

TEST_CASE("import, commit and tag take a name apart as docker does") {
  conversation s({{"POST /images/create", {lines_of("{\"status\":\"sha256:1\"}\r\n")}},
                  {"POST /commit", {json_response(201, R"({"Id":"sha256:2"})")}},
                  {"POST /images/a/tag", {"HTTP/1.1 201 X\r\nContent-Length: 0\r\n\r\n"}}});
  CHECK(s.run({"import", "-m", "hi", "-c", "CMD sh", "/dev/null", "x/y:1"}).out == "sha256:1\n");
  CHECK_THAT(s.asked(), contains("?fromSrc=-&repo=x%2Fy&tag=1&message=hi&changes=CMD%20sh"));
  CHECK(s.run({"import", "http://host/root.tar"}).code == 0);
  CHECK_THAT(s.asked(), contains("fromSrc=http%3A%2F%2Fhost%2Froot.tar"));
  CHECK(s.run({"commit", "-a", "me", "--pause=false", "web", "localhost:5000/z"}).out == "sha256:2\n");
  CHECK_THAT(s.asked(), contains("?container=web&repo=localhost%3A5000%2Fz&tag=latest&author=me&pause=0"));
  CHECK(s.run({"tag", "a", "b:2"}).code == 0);
  CHECK_THAT(s.asked(), contains("/images/a/tag?repo=b&tag=2"));
  CHECK(s.run({"tag", "a", "B"}).code == 1);
}

TEST_CASE("push tells of its way, and fails by what a document says") {
  conversation s({{"POST /images/localhost%3A5000%2Fa/push",
                   {lines_of("{\"status\":\"Pushed\"}\r\n"), lines_of("{\"error\":\"denied\"}\r\n")}}});
  CHECK(s.run({"push", "localhost:5000/a"}).out == "Using default tag: latest\nPushed\n");
  CHECK_THAT(s.asked(), contains("push?tag=latest"));
  auto refused = s.run({"push", "-q", "localhost:5000/a:2"});
  CHECK(refused.code == 1);
  CHECK(refused.out.empty());
  CHECK(refused.err == "gantry: denied\n");
  CHECK_THAT(s.run({"push", "-a", "localhost:5000/a:2"}).err, contains("tag can't be used with --all-tags/-a"));
}

TEST_CASE("diff and history show what docker's show") {
  conversation s({{"GET /containers/web/changes",
                   {json_response(200, R"([{"Path":"/a","Kind":0},{"Path":"/b","Kind":1},{"Path":"/c","Kind":2}])")}},
                  {"GET /images/a/history",
                   {json_response(200, R"([{"Id":"sha256:0123456789abcdef","Created":1000,"Comment":"c","Size":5312345,
    "CreatedBy":"RUN a very long command that does not fit into its column at all"},{"Id":"<missing>","Created":1,"Size":0}])")}}});
  CHECK(s.run({"diff", "web"}).out == "C /a\nA /b\nD /c\n");
  auto table = s.run({"history", "a"}).out;
  CHECK_THAT(table, contains("IMAGE          CREATED        CREATED BY"));
  CHECK_THAT(table, contains("RUN a very long command that does not fit in…"));
  CHECK_THAT(table, contains("5.31MB    c\n"));
  CHECK(s.run({"history", "-q", "a"}).out == "0123456789ab\n<missing>\n");
  CHECK(s.run({"history", "--human=false", "--format", "{{.Size}}", "a"}).out == "5312345\n0\n");
}

TEST_CASE("update sends what is asked for, and nothing else") {
  conversation s({{"POST /containers/web/update", {json_response(200, R"({"Warnings":["careful"]})")}}});
  CHECK(s.run({"update", "-m", "64m", "--restart", "always", "web"}).out == "web\ncareful\n");
  CHECK_THAT(s.asked(), contains(R"( {"Memory":67108864,"RestartPolicy":{"Name":"always","MaximumRetryCount":0}})"));
  auto empty = s.run({"update", "web"});
  CHECK(empty.code == 1);
  CHECK_THAT(empty.err, contains("you must provide one or more flags"));
}

TEST_CASE("networks are made, joined, left, removed and pruned") {
  conversation s({{"POST /networks/create", {json_response(201, R"({"Id":"n1","Warning":""})")}},
                  {"POST /networks/net/connect", {json_response(200, "")}},
                  {"POST /networks/net/disconnect", {json_response(200, "")}},
                  {"DELETE /networks/net", {"HTTP/1.1 204 X\r\n\r\n"}},
                  {"POST /networks/prune", {json_response(200, R"({"NetworksDeleted":["net"]})")}}});
  CHECK(
      s.run({"network", "create", "--subnet", "10.5.0.0/24", "--gateway", "10.5.0.9", "--internal", "-o", "a=b", "net"})
          .out == "n1\n");
  CHECK_THAT(s.asked(),
             contains(R"("IPAM":{"Driver":"default","Config":[{"Subnet":"10.5.0.0/24","Gateway":"10.5.0.9"}]})"));
  CHECK_THAT(s.asked(), contains(R"("Internal":true,"Options":{"a":"b"}})"));
  CHECK(s.run({"network", "connect", "--ip", "10.5.0.7", "--alias", "x", "net", "web"}).code == 0);
  CHECK_THAT(s.asked(), contains(R"({"Container":"web","EndpointConfig":{"IPAMConfig":{"IPv4Address":"10.5.0.7"},)"
                                 R"("Aliases":["x"]}})"));
  CHECK(s.run({"network", "disconnect", "-f", "net", "web"}).code == 0);
  CHECK_THAT(s.asked(), contains(R"({"Container":"web","Force":true})"));
  auto removed = s.run({"network", "rm", "net", "other"});
  CHECK(removed.code == 1);
  CHECK(removed.out == "net\n");
  CHECK(s.run({"network", "rm", "-f", "other"}).code == 0);
  CHECK(s.run({"network", "prune", "-f"}).out == "Deleted Networks:\nnet\n\n");
  CHECK_THAT(s.run({"network", "prune"}).err, contains("--force"));
}

TEST_CASE("each range, gateway and address goes to the subnet that it lies in") {
  ipam_options two{{"10.5.0.0/24", "fd00:5::/64"}, {"10.5.0.128/25"}, {"fd00:5::1", "10.5.0.1"}, {"host=10.5.0.5"}};
  CHECK(
      to_line(ipam_config(two).value()) ==
      R"([{"Subnet":"10.5.0.0/24","IPRange":"10.5.0.128/25","Gateway":"10.5.0.1","AuxiliaryAddresses":{"host":"10.5.0.5"}},)"
      R"({"Subnet":"fd00:5::/64","Gateway":"fd00:5::1"}])");
  CHECK(ipam_config({}).value().empty());
  CHECK_THAT(refusal_of({{}, {}, {"10.5.0.1"}, {}}), contains("must have a corresponding subnet"));
  CHECK_THAT(refusal_of({{"10.5.0.0/24"}, {}, {"10.6.0.1"}, {}}), contains("no matching subnet for gateway 10.6.0.1"));
  CHECK_THAT(refusal_of({{"10.0.0.0/8", "10.5.0.0/16"}, {}, {}, {}}), contains("multiple overlapping subnet"));
  CHECK_THAT(refusal_of({{"10.5.0.0"}, {}, {}, {}}), contains("invalid CIDR address: 10.5.0.0"));
  CHECK_THAT(refusal_of({{"10.5.0.0/24", "10.6.0.0/24"}, {}, {"10.5.0.1", "10.5.0.2"}, {}}),
             contains("cannot configure multiple gateways"));
}

TEST_CASE("docker's other names work, and are not listed") {
  conversation s({{"GET /networks", {json_response(200, "[]")}}, {"DELETE /networks/net", {"HTTP/1.1 204 X\r\n\r\n"}}});
  CHECK(s.run({"network", "list", "-q"}).code == 0);
  CHECK(s.run({"network", "remove", "net"}).out == "net\n");
  CHECK(s.run({"network", "--help"}).out.find("remove ") == std::string::npos);
  CHECK(s.run({"__complete", "--", "network", "re"}).out.empty());
  CHECK(s.run({"__complete", "--", "image", "sa"}).out == "save\n");
  CHECK(s.run({"stats", "--no-stream", "--bogus"}).code == 125);
}
