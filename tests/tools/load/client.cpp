#include "tools/gantry-load/http/client.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/catch.hpp"
#include "tests/tools/scripted_daemon.hpp"
#include "tools/gantry-load/engine/engine_api.hpp"
#include "tools/gantry-load/loop/event.hpp"

using namespace gantry;
using namespace gantry::load;
using namespace std::chrono_literals;
using test::json_response;
using test::scripted_daemon;

namespace {

/// A socket whose owner never accepts: the kernel takes connections up all the same.
struct silent_listener {
  silent_listener() : fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, path.size());
    ::unlink(path.c_str());
    REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(fd.get(), 8) == 0);
  }
  silent_listener(const silent_listener&) = delete;
  silent_listener& operator=(const silent_listener&) = delete;
  ~silent_listener() { ::unlink(path.c_str()); }

  std::string path = "/tmp/gantry-test-silent-" + std::to_string(::getpid());
  sys::unique_fd fd;
};

using answers = std::map<std::string, std::vector<std::string>>;

task<> end_with(task<> what, bool& over) {
  co_await what;
  over = true;
}

/// Runs what `make` makes on a loop of its own.
template<class Make>
void run_on_loop(Make make) {
  auto loop = event_loop::make();
  REQUIRE(loop);
  bool over = false;
  group all(**loop);
  all.spawn(end_with(make(**loop), over));
  (*loop)->run(over);
}

task<> ask(http_client& http, std::string target, call_options how, outcome<response>& into) {
  request what{"GET", std::move(target), {}};
  into = co_await http.call(std::move(what), std::move(how));
}

outcome<response> asked(const std::string& socket, const std::string& target, call_options how = {}) {
  outcome<response> got;
  run_on_loop([&](event_loop& loop) -> task<> {
    http_client http(loop, socket);
    co_await ask(http, target, how, got);
  });
  return got;
}

/// Says that it is the connection's last: the daemon closes each after its answer, and a call may be quicker than that.
std::string last_response(const std::string& head, const std::string& body) {
  return fmt::format("HTTP/1.1 {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}", head, body.size(), body);
}

} // namespace

TEST_CASE("a call brings the answer, whatever its status") {
  scripted_daemon daemon(answers{{"GET /a", {json_response(200, "{}")}}});
  auto got = asked(daemon.socket(), "/a");
  REQUIRE(got);
  CHECK(got->status == 200);
  CHECK(got->body == "{}");
  got = asked(daemon.socket(), "/b");
  REQUIRE(got);
  CHECK(got->status == 404);
}

TEST_CASE("a connection that the engine has closed is not used again") {
  // The daemon closes each connection after its answer without having said so.
  scripted_daemon daemon(answers{{"GET /a", {json_response(200, "{}")}}});
  std::vector<int> statuses;
  std::size_t made = 0;
  run_on_loop([&](event_loop& loop) -> task<> {
    http_client http(loop, daemon.socket());
    for (int i = 0; i < 3; ++i) {
      outcome<response> got;
      co_await ask(http, "/a", {}, got);
      statuses.push_back(got ? got->status : 0);
      event nothing(loop);
      co_await nothing.wait(clock_type::now() + 20ms); // until it is closed
    }
    made = http.connections_made();
  });
  CHECK(statuses == std::vector<int>{200, 200, 200});
  CHECK(made == 3);
}

TEST_CASE("nobody on the socket, an answer that is cut off, and none in time are failures of their own") {
  auto none = asked("/tmp/gantry-load-nobody.sock", "/a");
  REQUIRE_FALSE(none);
  CHECK(none.error().why == failure::cause::connect);
  scripted_daemon daemon(answers{{"GET /cut", {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"}},
                                 {"GET /long", {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nlong"}}});
  for (auto target : {"/cut", "/long"}) {
    auto got = asked(daemon.socket(), target);
    REQUIRE_FALSE(got);
    CHECK(got.error().why == failure::cause::broken);
  }
}

TEST_CASE("an engine that never answers is given up in time, or when the call is cancelled") {
  silent_listener silent;
  outcome<response> late, cancelled;
  run_on_loop([&](event_loop& loop) -> task<> {
    http_client http(loop, silent.path);
    call_options how;
    how.timeout = 5ms;
    co_await ask(http, "/a", how, late);
    call_handle handle;
    how.timeout = 1h;
    how.handle = &handle;
    group beside(loop);
    beside.spawn(ask(http, "/b", how, cancelled));
    handle.cancel();
    co_await beside.all_ended();
  });
  REQUIRE_FALSE(late);
  CHECK(late.error().why == failure::cause::timeout);
  REQUIRE_FALSE(cancelled);
  CHECK(cancelled.error().why == failure::cause::broken);
}

TEST_CASE("an engine's refusals and errors are failures of the step, with its words") {
  scripted_daemon daemon(
      answers{{"GET /version",
               {last_response("200 OK", R"({"ApiVersion":"1.47","Version":"9","Platform":{"Name":"An Engine"}})")}},
              {"POST /containers/create",
               {last_response("429 X\r\nRetry-After: 1", R"({"message":"full"})"),
                last_response("201 X", R"({"Id":"../../x"})"), last_response("201 X", R"({"Id":"0a1b"})")}}});
  outcome<engine_identity> who;
  std::vector<outcome<std::string>> made;
  run_on_loop([&](event_loop& loop) -> task<> {
    engine_api api(loop, daemon.socket(), 10s);
    who = co_await api.identify();
    for (int i = 0; i < 3; ++i) {
      auto got = co_await api.create("{}");
      made.push_back(std::move(got));
    }
  });
  REQUIRE(who);
  CHECK(who->name == "An Engine");
  REQUIRE(made.size() == 3);
  REQUIRE_FALSE(made[0]);
  CHECK(made[0].error().refused());
  CHECK(made[0].error().retry_after == 1s);
  CHECK(kind_of(made[0].error()) == "create: HTTP 429 full");
  REQUIRE_FALSE(made[1]); // an id becomes a part of paths
  CHECK(made[1].error().why == failure::cause::broken);
  CHECK(made[2] == "0a1b");
  CHECK(daemon.asked().back() == "POST /v1.47/containers/create {}");
}
