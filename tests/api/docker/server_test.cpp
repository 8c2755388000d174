#include "api/docker/door.hpp"

#include <sys/socket.h>
#include <sys/stat.h>

#include <thread>

#include "api/http/listening_socket.hpp"
#include "runtime/stream/stream_frame.hpp"
#include "tests/api/docker/fake_engine.hpp"
#include "tests/api/http/client.hpp"

using namespace gantry;
using namespace gantry::docker;
using http::server_options;
using test::client, test::folder;

namespace {

struct fixture {
  folder at;
  test::fake_engine engine;
  std::unique_ptr<http::server> door;
  std::string path = at.path + "/s.sock";

  explicit fixture(server_options options = {}) {
    options.listen = {{path, {}, 0}};
    auto started = open_door(engine.system(), engine.handle(), std::move(options));
    REQUIRE(started);
    door = std::move(*started);
  }
  std::string ask(const std::string& method, const std::string& target, const std::string& body = "") {
    client c(path);
    c.say(method + " " + target + " HTTP/1.1\r\nHost: d\r\nConnection: close\r\n" +
          (body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") + "\r\n" + body);
    return c.rest();
  }
};

} // namespace

TEST_CASE("the door answers a ping, its version and what it is") {
  fixture f;
  auto pong = f.ask("GET", "/_ping");
  CHECK_THAT(pong, test::contains("HTTP/1.1 200 OK"));
  CHECK_THAT(pong, test::contains("Api-Version: 1.47"));
  CHECK_THAT(pong, test::contains("\r\n\r\nOK"));
  CHECK(f.ask("HEAD", "/_ping").ends_with("\r\n\r\n"));
  CHECK_THAT(f.ask("GET", "/v1.41/version"), test::contains("\"MinAPIVersion\":\"1.24\""));
  CHECK_THAT(f.ask("GET", "/info"), test::contains("\"ContainersRunning\":1"));
  CHECK_THAT(f.ask("GET", "/info"), test::contains(R"("CDISpecDirs":["/etc/cdi"])"));
  CHECK_THAT(f.ask("GET", "/info"), test::contains(R"("DiscoveredDevices":[{"Source":"cdi","ID":"v.com/c=d"}])"));
  CHECK_THAT(f.ask("GET", "/info"), test::contains(R"("CDI: /etc/cdi/x.json: broken")"));
  CHECK_THAT(f.ask("GET", "/v1.99/info"), test::contains("400 Bad Request"));
  CHECK_THAT(f.ask("GET", "/nothing"), test::contains("{\"message\":\"page not found\"}"));
  CHECK_THAT(f.ask("GET", "/swarm"), test::contains("503"));
  CHECK_THAT(f.ask("GET", "/gantry/activity"), test::contains("\"operations\":2"));
}

TEST_CASE("the socket has mode 0660, and a second door on it is refused while the first one lives") {
  fixture f;
  struct stat status {};
  REQUIRE(::stat(f.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0660);
  server_options options;
  options.listen = {{f.path, {}, 0}};
  auto second = open_door(f.engine.system(), f.engine.handle(), options);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == errc::already_exists);
  f.door->stop();
  CHECK(::stat(f.path.c_str(), &status) != 0);
}

TEST_CASE("a connection serves one request after another") {
  fixture f;
  client c(f.path);
  for (int i = 0; i < 3; ++i) {
    c.forget();
    c.say("GET /containers/json?all=1 HTTP/1.1\r\nHost: d\r\n\r\n");
    c.until("\"Names\":[\"/web\"]");
    c.until("]\n");
  }
}

TEST_CASE("errors have dockerd's status and say why") {
  fixture f;
  CHECK_THAT(f.ask("GET", "/containers/none/json"), test::contains("404 Not Found"));
  CHECK_THAT(f.ask("GET", "/containers/none/json"), test::contains("No such container: none"));
  CHECK_THAT(f.ask("POST", "/containers/web/stop"), test::contains("304 Not Modified"));
  CHECK_THAT(f.ask("POST", "/containers/web/kill?signal=SIGNONE"), test::contains("400 Bad Request"));
  CHECK_THAT(f.ask("DELETE", "/containers/web"), test::contains("409 Conflict"));
  CHECK_THAT(f.ask("DELETE", "/containers/web?force=1"), test::contains("204 No Content"));
  CHECK_THAT(f.ask("POST", "/containers/web/start"), test::contains("400 Bad Request"));
  CHECK_THAT(f.ask("POST", "/containers/web/start"), test::contains("executable file not found"));
  CHECK_THAT(f.ask("POST", "/containers/create", R"({"Image":"full"})"), test::contains("Retry-After: 1"));
  CHECK_THAT(f.ask("POST", "/containers/create", R"({"Image":"full"})"), test::contains("429 Too Many Requests"));
  CHECK_THAT(f.ask("POST", "/containers/create", R"({"Image":"missing"})"), test::contains("404"));
  CHECK_THAT(f.ask("POST", "/containers/create", R"({"Image":)"), test::contains("400"));
  CHECK_THAT(f.ask("POST", "/auth", R"({"username":)"), test::contains("400"));
  CHECK_THAT(f.ask("POST", "/auth", R"({"username":7})"), test::contains("400"));
  CHECK_THAT(f.ask("POST", "/auth", R"({"username":"u","password":"p"})"), test::contains("501"));
  CHECK_THAT(f.ask("POST", "/containers/create?name=-x", R"({"Image":"alpine"})"),
             test::contains("Invalid container name"));
}

TEST_CASE("a container is created, listed and inspected") {
  fixture f;
  auto made = f.ask("POST", "/v1.47/containers/create?name=x1", R"({"Image":"alpine:3","Cmd":["true"]})");
  CHECK_THAT(made, test::contains("201 Created"));
  CHECK_THAT(made, test::contains("\"Warnings\":[]"));
  CHECK_THAT(f.ask("GET", "/containers/json?filters=%7B%22name%22%3A%5B%22we%22%5D%7D"), test::contains("/web"));
  CHECK_THAT(f.ask("GET", "/containers/json?filters=%7B%22name%22%3A%5B%22zz%22%5D%7D"), test::contains("\r\n\r\n[]"));
  CHECK_THAT(f.ask("GET", "/containers/json?filters=%7B%22bad%22%3A%5B%22zz%22%5D%7D"),
             test::contains("invalid filter 'bad'"));
  CHECK_THAT(f.ask("GET", "/containers/ccc/json"), test::contains("\"Name\":\"/web\""));
}

TEST_CASE("images, volumes and networks are listed and inspected") {
  fixture f;
  CHECK_THAT(f.ask("GET", "/images/json"), test::contains("\"RepoTags\":[\"alpine:3\"]"));
  CHECK_THAT(f.ask("GET", "/images/alpine:3/json"), test::contains("\"RepoDigests\""));
  CHECK_THAT(f.ask("GET", "/images/a/b/json"), test::contains("No such image: a/b"));
  CHECK_THAT(f.ask("DELETE", "/images/alpine:3"), test::contains("{\"Untagged\":\"alpine:3\"}"));
  CHECK_THAT(f.ask("POST", "/images/alpine:3/tag?repo=mine&tag=1"), test::contains("201 Created"));
  CHECK_THAT(f.ask("GET", "/volumes"), test::contains("\"Name\":\"data\""));
  CHECK_THAT(f.ask("POST", "/volumes/create", R"({"Name":"v1"})"), test::contains("201"));
  CHECK_THAT(f.ask("DELETE", "/volumes/data"), test::contains("409"));
  CHECK_THAT(f.ask("GET", "/networks"), test::contains("\"Name\":\"bridge\""));
  CHECK_THAT(f.ask("GET", "/networks"), test::contains("\"Name\":\"web\""));
  CHECK_THAT(f.ask("GET", "/networks?filters={%22type%22:[%22custom%22]}"), !test::contains("\"Name\":\"bridge\""));
  CHECK_THAT(f.ask("GET", "/networks/bridge"), test::contains("\"Containers\":{}"));
  CHECK_THAT(f.ask("GET", "/networks/host"), test::contains("\"Driver\":\"host\""));
  CHECK_THAT(f.ask("GET", "/networks/nope"), test::contains("network nope not found"));
  CHECK_THAT(f.ask("POST", "/networks/create", R"({"Name":"n"})"), test::contains("201"));
  CHECK_THAT(f.ask("POST", "/networks/create", R"({"Name":"n","Driver":"overlay"})"), test::contains("404"));
  CHECK_THAT(f.ask("DELETE", "/networks/none"), test::contains("none is a pre-defined network and cannot be removed"));
  CHECK_THAT(f.ask("DELETE", "/networks/bridge"), test::contains("403"));
  CHECK_THAT(f.ask("DELETE", "/networks/busy"), test::contains("has active endpoints"));
  CHECK_THAT(f.ask("POST", "/networks/web/connect", R"({"Container":"web"})"), test::contains("200"));
  CHECK_THAT(f.ask("POST", "/networks/web/disconnect", R"({"Container":"nope"})"), test::contains("No such container"));
  CHECK_THAT(f.ask("POST", "/networks/host/connect", R"({"Container":"web"})"), test::contains("403"));
  CHECK_THAT(f.ask("POST", "/networks/bridge/connect", R"({"Container":"web","EndpointConfig":{"Aliases":["x"]}})"),
             test::contains("user defined networks"));
  auto usage = f.ask("GET", "/system/df");
  CHECK_THAT(usage, test::contains("LayersSize"));
  CHECK_THAT(usage, test::contains("\"SizeRw\":4096"));
  CHECK_THAT(usage, test::contains("\"Size\":8192"));
  CHECK_THAT(f.ask("GET", "/system/df?type=volume"), !test::contains("LayersSize"));
  CHECK_THAT(f.ask("GET", "/system/df?type=moon"), test::contains("unknown object type: moon"));
  CHECK_THAT(f.ask("GET", "/containers/json?all=1&size=1"), test::contains("\"SizeRw\":4096"));
  CHECK_THAT(f.ask("GET", "/containers/json?all=1"), !test::contains("SizeRw"));
  CHECK_THAT(f.ask("GET", "/containers/web/json?size=1"), test::contains("\"SizeRootFs\":"));
  CHECK_THAT(f.ask("GET", "/containers/web/json"), test::contains("\"ExecIDs\":[\"e1\"]"));
  CHECK_THAT(f.ask("GET", "/images/alpine:3/json"), test::contains("\"ContainerConfig\":{"));
  CHECK_THAT(f.ask("POST", "/gantry/spec", R"({"Image":"alpine:3"})"), test::contains("\"ociVersion\":\"1.0.2\""));
}

TEST_CASE("a pull streams its progress and ends with the status, or with the error") {
  fixture f;
  auto good = f.ask("POST", "/images/create?fromImage=alpine&tag=3");
  CHECK_THAT(good, test::contains("Pulling from library/alpine"));
  CHECK_THAT(good, test::contains("Status: Downloaded newer image for alpine:3"));
  auto bad = f.ask("POST", "/images/create?fromImage=missing");
  CHECK_THAT(bad, test::contains("200 OK"));
  CHECK_THAT(bad, test::contains("\"error\":\"manifest unknown\""));
}

TEST_CASE("a wait answers its head at once and the exit when it comes") {
  fixture f;
  client c(f.path);
  c.say("POST /containers/web/wait?condition=next-exit HTTP/1.1\r\nHost: d\r\n\r\n");
  c.until("\r\n\r\n");
  f.engine.exit_container(7);
  c.until("{\"StatusCode\":7}");
  c.until("0\r\n\r\n");
}

TEST_CASE("a client that leaves a wait or an event stream leaves nothing behind") {
  fixture f;
  {
    client c(f.path), e(f.path);
    c.say("POST /containers/web/wait HTTP/1.1\r\nHost: d\r\n\r\n");
    e.say("GET /events HTTP/1.1\r\nHost: d\r\n\r\n");
    c.until("\r\n\r\n");
    e.until("\r\n\r\n");
  }
  while (f.door->activity().requests != 0) std::this_thread::yield();
  CHECK_THAT(f.ask("GET", "/_ping"), test::contains("200 OK"));
}

TEST_CASE("events come as they happen, by the filters") {
  fixture f;
  client c(f.path);
  c.say("GET /events?filters=%7B%22event%22%3A%5B%22die%22%5D%7D HTTP/1.1\r\nHost: d\r\n\r\n");
  c.until("\r\n\r\n");
  f.engine.publish({docker_namespace, event::subject::container, "start", "abc", {}, 1});
  f.engine.publish({docker_namespace, event::subject::container, "die", "abc", {}, 2});
  auto got = c.until("\"Action\":\"die\"");
  CHECK(got.find("\"start\"") == std::string::npos);
}

TEST_CASE("what is no HTTP, too large or too slow is refused and the door goes on") {
  server_options options;
  options.max_header = 8192;
  options.max_body = 4096;
  options.header_timeout = std::chrono::seconds(1);
  fixture f(options);
  {
    client c(f.path);
    c.say("this is no request\r\n\r\n");
    CHECK_THAT(c.rest(), test::contains("{\"message\":\"malformed HTTP request"));
  }
  {
    client c(f.path);
    c.say("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n");
    CHECK_THAT(c.rest(), test::contains("431"));
  }
  {
    client c(f.path);
    c.say("POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 5000\r\n\r\n");
    CHECK_THAT(c.rest(), test::contains("413"));
  }
  {
    client c(f.path); // slow-loris: the header never ends; the connection does
    c.say("GET /info HTTP/1.1\r\nX: y\r\n");
    CHECK(c.rest().empty());
  }
  CHECK_THAT(f.ask("GET", "/info?a=%zz"), test::contains("400"));
  CHECK_THAT(f.ask("GET", "/_ping"), test::contains("200 OK"));
}

TEST_CASE("clients over the bound are told to come back") {
  server_options options;
  options.max_connections = 1;
  fixture f(options);
  client first(f.path);
  first.say("GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n");
  first.until("OK");
  client second(f.path);
  CHECK_THAT(second.rest(), test::contains("503"));
}

TEST_CASE("attach passes bytes both ways over the monitor's stream") {
  fixture f;
  auto monitor_path = f.at.path + "/m.sock";
  auto listener = http::listen_on_path(monitor_path, 0600, "");
  REQUIRE(listener);
  f.engine.set_stream({monitor_path, std::string(32, 'a'), false});
  client c(f.path);
  c.say("POST /containers/web/attach?stream=1&stdout=1&stderr=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: "
        "tcp\r\n\r\n");
  sys::unique_fd monitor_end;
  while (!monitor_end) monitor_end.reset(::accept(listener->get(), nullptr, nullptr));
  std::string token(32, '\0');
  REQUIRE(::recv(monitor_end.get(), token.data(), 32, MSG_WAITALL) == 32);
  CHECK(token == std::string(32, 'a'));
  c.until("101 UPGRADED");
  c.until("\r\n\r\n");
  std::string frames;
  stream::append_frames(frames, monitor::frame::stdout_data, "hello");
  stream::append_frames(frames, monitor::frame::end, stream::end_payload(0));
  REQUIRE(sys::write_all(monitor_end.get(), frames));
  auto got = c.rest();
  CHECK(got.ends_with(std::string("\x01\0\0\0\0\0\0\x05hello", 13)));
}

TEST_CASE("an exec that cannot start says so on its stream, as dockerd does") {
  fixture f;
  auto made = f.ask("POST", "/containers/web/exec", R"({"Cmd":["nope"],"AttachStdout":true})");
  CHECK_THAT(made, test::contains("\"Id\":\"e0\""));
  CHECK_THAT(f.ask("POST", "/exec/e0/start", R"({"Detach":false})"), test::contains("executable file not found"));
  CHECK_THAT(f.ask("POST", "/exec/e0/start", R"({"Detach":true})"), test::contains("400"));
  CHECK_THAT(f.ask("POST", "/exec/none/start", R"({})"), test::contains("404"));
  CHECK_THAT(f.ask("GET", "/exec/e0/json"), test::contains("\"Running\":false"));
}

TEST_CASE("a door that stops ends its streams and waits, with many clients at once") {
  fixture f;
  std::vector<std::unique_ptr<client>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<client>(f.path));
    clients.back()->say(i % 2 == 0 ? "GET /events HTTP/1.1\r\nHost: d\r\n\r\n"
                                   : "POST /containers/web/wait HTTP/1.1\r\nHost: d\r\n\r\n");
    clients.back()->until("\r\n\r\n");
  }
  f.door->stop();
  for (auto& one : clients) one->rest();
}
