#include "api/http/server.hpp"

#include <thread>

#include "api/http/listening_socket.hpp"
#include "tests/api/http/client.hpp"

using namespace gantry;
using namespace gantry::http;
using test::client, test::folder;

namespace {

/// Says back what it was told: whole, in parts, or as raw bytes.
class echo final : public site {
public:
  result<handler> find(request& what) override {
    if (what.path == "/whole") return whole;
    if (what.path == "/parts") return parts;
    if (what.path == "/raw") return raw;
    if (what.path == "/greeting") return greeting;
    what.streams_body = true;
    if (what.path == "/count") return count;
    if (what.path == "/unread") return unread;
    return fail(errc::not_found, "no {} here", what.path);
  }
  [[nodiscard]] const header_list& headers() const override {
    static const header_list always{{"Server", "echo"}};
    return always;
  }
  [[nodiscard]] response refusal(const error& why) const override { return refusal(404, why.message); }
  [[nodiscard]] response refusal(int status, std::string_view why) const override {
    response made;
    made.status = status;
    made.body = why;
    return made;
  }

private:
  static awaitable<result<response>> whole(const request& what, exchange&) {
    response made;
    made.body = what.client + "|" + what.body;
    co_return made;
  }
  /// The head, then nothing until the client has gone.
  static awaitable<result<response>> parts(const request&, exchange& on) {
    response head;
    GANTRY_CO_TRY(co_await on.begin(head));
    GANTRY_CO_TRY(co_await on.write("first"));
    co_await on.until_gone();
    co_return response();
  }
  /// Says how much came, and in the end what.
  static awaitable<result<response>> count(const request& what, exchange& on) {
    std::size_t bytes = 0;
    for (std::string last;;) {
      GANTRY_CO_LET(auto some, co_await on.read_body());
      response made;
      made.body = fmt::format("{} bytes, {} held, last {}", bytes, what.body.size(), last);
      if (some.empty()) co_return made;
      bytes += some.size();
      last = some.substr(some.size() - 1);
    }
  }
  static awaitable<result<response>> unread(const request&, exchange&) { co_return fail(errc::denied, "not read"); }
  /// Raw bytes at once.
  static awaitable<result<response>> greeting(const request&, exchange& on) {
    response head;
    head.status = 101;
    GANTRY_CO_LET(auto bytes, co_await on.take_over(std::move(head)));
    GANTRY_CO_TRY(co_await bytes->write("hello"));
    co_await bytes->shut_down();
    co_return response();
  }
  static awaitable<result<response>> raw(const request&, exchange& on) {
    response head;
    head.status = 101;
    head.headers = {{"Connection", "Upgrade"}, {"Upgrade", "echo"}};
    GANTRY_CO_LET(auto bytes, co_await on.take_over(std::move(head)));
    for (;;) {
      GANTRY_CO_LET(auto some, co_await bytes->read_some());
      if (some.empty()) co_return response();
      GANTRY_CO_TRY(co_await bytes->write(some));
    }
  }
};

std::unique_ptr<site> make_echo(const workplace&) { return std::make_unique<echo>(); }

struct fixture {
  folder at;
  std::string path = at.path + "/s.sock";
  caf::actor_system_config config;
  caf::actor_system system{config.set("scheduler.max-threads", 1)};
  std::unique_ptr<server> door;

  explicit fixture(server_options options = {}) {
    options.name = "echo";
    options.listen.push_back({path, {}, 0});
    auto started = server::start(system, std::move(options), make_echo);
    REQUIRE(started);
    door = std::move(*started);
  }
};

constexpr auto request_text = "POST /whole HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";

} // namespace

TEST_CASE("a socket that nobody listens on is replaced, another file never") {
  folder at;
  auto path = at.path + "/s.sock";
  {
    auto dead = listen_on_path(path, 0660, "");
    REQUIRE(dead);
  }
  CHECK(listen_on_path(path, 0660, ""));
  REQUIRE(sys::write_file(at.path + "/f", "precious"));
  CHECK_FALSE(listen_on_path(at.path + "/f", 0660, ""));
  CHECK(sys::read_file(at.path + "/f").value() == "precious");
}

TEST_CASE("a server listens on Unix sockets and on TCP, IPv4 and IPv6, side by side") {
  server_options options;
  options.listen = {{"", "127.0.0.1", 0}, {"", "::1", 0}};
  fixture f(options);
  const auto& at = f.door->listening();
  REQUIRE(at.size() == 3);
  client four(AF_INET, at[0].port), six(AF_INET6, at[1].port), local(f.path);
  for (auto* one : {&four, &six, &local}) one->say(request_text);
  CHECK(four.rest().ends_with("127.0.0.1|hello"));
  CHECK(six.rest().ends_with("::1|hello"));
  CHECK(local.rest().ends_with(fmt::format("{}/{}|hello", ::getuid(), ::getpid())));
}

TEST_CASE("a port that somebody else listens on is refused, and so is a host that is not known") {
  auto first = listen_on_port({"", "127.0.0.1", 0});
  REQUIRE(first);
  auto second = listen_on_port(local_address(first->front()).value());
  REQUIRE_FALSE(second);
  CHECK(second.error().code == errc::already_exists);
  auto unknown = listen_on_port({"", "no.such.host.invalid", 1});
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == errc::invalid_argument);
}

TEST_CASE("when one of several sockets cannot be had, none is left behind") {
  fixture taken;
  server_options options;
  auto path = taken.path + ".first";
  options.listen = {{path, {}, 0}, {taken.path, {}, 0}};
  auto refused = server::start(taken.system, options, make_echo);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::already_exists);
  CHECK(::access(path.c_str(), F_OK) != 0);
  CHECK(::access(taken.path.c_str(), F_OK) == 0);
}

TEST_CASE("several servers live side by side, and one that stops leaves the others") {
  fixture first, second;
  first.door->stop();
  client c(second.path);
  c.say(request_text);
  CHECK_THAT(c.rest(), test::contains("|hello"));
}

TEST_CASE("a response carries the site's headers, a refusal its words") {
  fixture f;
  client c(f.path);
  c.say("GET /none HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  auto got = c.rest();
  CHECK_THAT(got, test::contains("404 Not Found"));
  CHECK_THAT(got, test::contains("Server: echo\r\n"));
  CHECK(got.ends_with("no /none here"));
}

TEST_CASE("a connection that was taken over passes bytes until the client has no more") {
  fixture f;
  client c(f.path);
  c.say("GET /raw HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly");
  c.until("\r\n\r\nearly");
  c.say(" late");
  c.end_input();
  CHECK(c.rest().ends_with("early late"));
}

TEST_CASE("what follows the head of a connection that was taken over waits until that was read") {
  fixture f;
  client c(f.path);
  c.say("GET /greeting HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  CHECK(c.until("\r\n\r\n").ends_with("\r\n\r\n")); // in one read, of more than the head
  CHECK(c.rest().ends_with("\r\n\r\nhello"));
}

TEST_CASE("a client that half-closes gets its answer; a stream to it ends") {
  fixture f;
  client whole(f.path), parts(f.path);
  whole.say(request_text);
  whole.end_input();
  CHECK_THAT(whole.rest(), test::contains("|hello"));
  parts.say("GET /parts HTTP/1.1\r\nHost: h\r\n\r\n");
  parts.until("first");
  parts.end_input();
  CHECK(parts.rest().ends_with("0\r\n\r\n"));
}

TEST_CASE("a client that half-closes in the middle of a request is told so, and leaves nothing behind") {
  fixture f;
  client silent(f.path);
  silent.end_input();
  CHECK(silent.rest().empty());
  for (auto text : {"P", "POST /whole HTTP/1.1\r\n", "POST /whole HTTP/1.1\r\nContent-Length: 5\r\n\r\nhe"}) {
    client c(f.path);
    c.say(text);
    c.end_input();
    CHECK_THAT(c.rest(), test::contains("400 Bad Request"));
  }
  CHECK(f.door->activity().requests == 0);
}

TEST_CASE("a header or a body that comes drop by drop is cut off by its time-out, however often a byte comes") {
  server_options options;
  options.header_timeout = options.body_timeout = std::chrono::seconds(1);
  fixture f(options);
  for (auto start : {"GET /whole HTTP/1.1\r\nX: ", "POST /whole HTTP/1.1\r\nContent-Length: 100000\r\n\r\n"}) {
    client c(f.path);
    c.say(start);
    while (c.try_to_say("x")) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK(c.rest().empty());
  }
}

TEST_CASE("a body that is streamed may be larger than any that is held, and the connection goes on after it") {
  server_options options;
  options.max_body = 16;
  fixture f(options);
  client c(f.path);
  std::string head = "POST /count HTTP/1.1\r\nHost: h\r\n", piece(5000, 'x');
  SECTION("with a length") { c.say(head + "Content-Length: 1000001\r\n\r\n" + std::string(1'000'000, 'x') + "z"); }
  SECTION("in chunks") {
    c.say(head + "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 200; ++i) c.say("1388\r\n" + piece + "\r\n");
    c.say("1\r\nz\r\n0\r\n\r\n");
  }
  CHECK_THAT(c.until("last z"), test::contains("1000001 bytes, 0 held"));
  c.say(request_text);
  CHECK_THAT(c.until("hello"), test::contains("200 OK"));
}

TEST_CASE("a client that asks whether to send its body is told so when it is read") {
  fixture f;
  client c(f.path);
  c.say("POST /count HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
  c.until("100 Continue");
  c.say("z");
  c.until("1 bytes, 0 held, last z");
}

TEST_CASE("a body that nobody reads keeps nobody from the answer") {
  fixture f;
  client c(f.path);
  c.say("POST /unread HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000\r\n\r\n");
  CHECK_THAT(c.until("not read"), test::contains("Connection: close"));
  for (int i = 0; i < 9; ++i) CHECK(c.try_to_say(std::string(1'000'000, 'x')));
}

TEST_CASE("chunks that are none, and a client that hangs up, end a streamed body with an error") {
  fixture f;
  client c(f.path);
  c.say("POST /count HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nnot hex\r\n");
  CHECK_THAT(c.until("malformed HTTP request"), test::contains("404"));
}
