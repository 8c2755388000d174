#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>

#include <nlohmann/json.hpp>

#include "tests/api/cri/streaming/stream_server.hpp"
#include "tests/catch.hpp"

using namespace gantry;
using namespace gantry::cri;
using nlohmann::json;
using test::contains;
using test::either_server;
using test::spdy_session;
using test::spdy_stream_client;
using test::v4;
using test::websocket_stream_client;

namespace {

/// A server on this host that does the same with each connection, until the test ends.
class pod_port {
public:
  explicit pod_port(std::function<void(int fd)> what) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(fd_.get(), 64) == 0);
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port = std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this, what = std::move(what)] {
      std::vector<std::thread> serving;
      for (;;) {
        auto client = ::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) break;
        serving.emplace_back([client, &what] {
          what(client);
          ::close(client);
        });
      }
      for (auto& one : serving) one.join();
    });
  }
  ~pod_port() {
    ::shutdown(fd_.get(), SHUT_RDWR);
    thread_.join();
  }
  std::string port;

private:
  sys::unique_fd fd_;
  std::thread thread_;
};

void echo(int fd) {
  char bytes[65536];
  for (ssize_t got = 0; (got = ::recv(fd, bytes, sizeof bytes, 0)) > 0;)
    for (ssize_t done = 0; done < got;) {
      auto sent = ::send(fd, bytes + done, static_cast<std::size_t>(got - done), MSG_NOSIGNAL);
      if (sent <= 0) return;
      done += sent;
    }
}

spdy::header_list pair_headers(const std::string& type, const std::string& port, const std::string& request) {
  return {{"streamtype", type}, {"port", port}, {"requestid", request}};
}

} // namespace

// -- exec and attach over SPDY -------------------------------------------------------------------------------------

TEST_CASE("an exec passes stdin, stdout and stderr, and ends with the exit code") {
  either_server at;
  at.engine->run([](test::monitor_end& process) {
    process.send(monitor::frame::stdout_data, "ready\n");
    auto said = process.read_all_stdin();
    process.send(monitor::frame::stderr_data, "err:" + said);
    process.send(monitor::frame::stdout_data, "out:" + said);
    process.exit(3);
  });
  wanted_streams all{true, true, true, false};
  spdy_session exec(at.exec(all), all);
  CHECK(exec.client.read_until(exec.out, 6) == "ready\n");
  exec.client.send(exec.in, "hello ");
  exec.client.send(exec.in, std::string(100'000, 'x'));
  exec.client.end(exec.in);
  CHECK(exec.client.read_all(exec.out) == "out:hello " + std::string(100'000, 'x'));
  CHECK(exec.client.read_all(exec.err).size() == 100'010);
  auto status = json::parse(exec.client.read_all(exec.error));
  CHECK(status["reason"] == "NonZeroExitCode");
  CHECK(status["details"]["causes"][0]["message"] == "3");
  CHECK(exec.client.read_all(exec.in).empty()); // the server ends its side of stdin too: clients wait for that
}

TEST_CASE("success is a status from v4 on, and silence before") {
  either_server at;
  at.engine->run([](test::monitor_end& process) { process.exit(0); });
  wanted_streams out{false, true, false, false};
  spdy_session v4_exec(at.exec(out), out, "v9, v5.channel.k8s.io");
  CHECK(json::parse(v4_exec.client.read_all(v4_exec.error))["status"] == "Success");
  spdy_session v1_exec(at.exec(out), out, "channel.k8s.io");
  CHECK(v1_exec.client.read_all(v1_exec.error).empty());
}

TEST_CASE("an exit code is text before v4") {
  either_server at;
  at.engine->run([](test::monitor_end& process) { process.exit(1); });
  wanted_streams out{false, true, false, false};
  spdy_session exec(at.exec(out), out, "v2.channel.k8s.io");
  CHECK_THAT(exec.client.read_all(exec.error), contains("exit code: 1"));
}

TEST_CASE("an exec that cannot start says why") {
  either_server at;
  wanted_streams out{false, true, false, false};
  spdy_session exec(at.exec(out, "missing"), out);
  auto status = json::parse(exec.client.read_all(exec.error));
  CHECK(status["reason"] == "InternalError");
  CHECK_THAT(status["message"].get<std::string>(), contains("no such program: missing"));
}

TEST_CASE("a stream that breaks before the process's end is a failure") {
  either_server at;
  at.engine->run([](test::monitor_end& process) { process.send(monitor::frame::stdout_data, "half"); });
  wanted_streams out{false, true, false, false};
  spdy_session exec(at.exec(out), out);
  CHECK(exec.client.read_all(exec.out) == "half");
  CHECK_THAT(exec.client.read_all(exec.error), contains("stream broke"));
}

TEST_CASE("an attach ends well, however its container does") {
  either_server at;
  at.engine->run([](test::monitor_end& process) {
    process.send(monitor::frame::stdout_data, process.read_stdin());
    process.exit(137);
  });
  wanted_streams both{true, true, false, false};
  spdy_session attach(at.attach(both), both);
  attach.client.send(attach.in, "echo");
  CHECK(attach.client.read_all(attach.out) == "echo");
  CHECK(json::parse(attach.client.read_all(attach.error))["status"] == "Success");
}

TEST_CASE("a terminal is resized while its process runs") {
  either_server at;
  at.engine->run([](test::monitor_end& process) {
    process.send(monitor::frame::stdout_data, "# ");
    (void)process.read_all_stdin();
    process.exit(0);
  });
  wanted_streams tty{true, true, false, true};
  spdy_session exec(at.exec(tty), tty);
  CHECK(exec.client.read_until(exec.out, 2) == "# ");
  exec.client.send(exec.resize, R"({"Width":80,"Height":24})"
                                "\n{\"Wid");
  exec.client.send(exec.resize, R"(th":100,"Height":30})");
  auto sizes = at.engine->sizes(2);
  REQUIRE(sizes.size() == 2);
  CHECK(sizes[0].height == 24);
  CHECK(sizes[1].width == 100);
  exec.client.end(exec.in);
  CHECK(json::parse(exec.client.read_all(exec.error))["status"] == "Success");
}

TEST_CASE("pings are answered, streams that nobody needs are refused") {
  either_server at;
  at.engine->run([](test::monitor_end& process) {
    (void)process.read_all_stdin();
    process.exit(0);
  });
  wanted_streams in{true, false, false, false};
  spdy_session exec(at.exec(in), in);
  CHECK(exec.client.open({{"streamtype", "stdin"}}) == 0);
  CHECK(exec.client.open({{"streamtype", "sixth"}}) == 0);
  CHECK(exec.client.open({}) == 0);
  CHECK(exec.client.ping(1) == 1);
  exec.client.end(exec.in);
  CHECK(json::parse(exec.client.read_all(exec.error))["status"] == "Success");
}

TEST_CASE("a slow client holds up its process, and gets all in the end") {
  either_server at;
  constexpr std::size_t total = 48u << 20;
  std::atomic<std::size_t> sent{0};
  at.engine->run([&sent](test::monitor_end& process) {
    std::string part(64u << 10, 'y');
    while (sent < total) {
      process.send(monitor::frame::stdout_data, part);
      sent += part.size();
    }
    process.exit(0);
  });
  wanted_streams out{false, true, false, false};
  spdy_session exec(at.exec(out), out);
  // It has come to rest when nothing more is taken; the kernel's buffers take a few MiB.
  for (std::size_t before = 1; before != sent;) {
    before = sent;
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
  CHECK(sent < total / 2);
  CHECK(exec.client.read_all(exec.out).size() == total);
  CHECK(json::parse(exec.client.read_all(exec.error))["status"] == "Success");
}

TEST_CASE("a client that vanishes is noticed, also while its process reads nothing") {
  either_server at;
  std::atomic<bool> noticed{false};
  at.engine->run([&noticed](test::monitor_end& process) {
    char byte = 0;
    process.send(monitor::frame::stdout_data, "up");
    while (::recv(process.fd(), &byte, 1, MSG_PEEK | MSG_TRUNC) > 0) {
      // Full, and nobody reads: the server's own end must go.
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      if (::send(process.fd(), "", 0, MSG_NOSIGNAL) < 0) break;
      std::string frame("\1\0\0\0\0\0\0\0", 8);
      if (::send(process.fd(), frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) break;
    }
    noticed = true;
  });
  wanted_streams both{true, true, false, false};
  {
    spdy_session exec(at.exec(both), both);
    CHECK(exec.client.read_until(exec.out, 2) == "up");
    // More than the monitor's socket takes, and little enough for the end of the connection to come through behind it.
    for (int i = 0; i < 27; ++i) exec.client.send(exec.in, std::string(8192, 'z'));
  }
  at.engine->join();
  CHECK(noticed);
}

TEST_CASE("what is not SPDY is sent away") {
  either_server at;
  wanted_streams out{false, true, false, false};
  spdy_stream_client client(at.exec(out));
  CHECK_THAT(client.upgrade(v4), contains("101"));
  SECTION("a frame of another version") { client.say(std::string("\x80\x02\0\x01\0\0\0\0", 8)); }
  SECTION("a stream of the server's") { client.write(spdy::syn_stream{2, 0, 0, false, false, {}}); }
  CHECK(client.read_to_end());
}

// -- the door ------------------------------------------------------------------------------------------------------

TEST_CASE("a URL works once, for what it was made for") {
  either_server at;
  at.engine->run([](test::monitor_end& process) { process.exit(0); });
  wanted_streams out{false, true, false, false};
  auto url = at.exec(out);
  spdy_session first(url, out);
  CHECK(json::parse(first.client.read_all(first.error))["status"] == "Success");
  CHECK_THAT(spdy_stream_client(url).upgrade(v4), contains("404 Not Found"));
  auto other = at.attach(out);
  other.replace(other.find("/attach/"), 8, "/exec/");
  CHECK_THAT(spdy_stream_client(other).upgrade(v4), contains("404"));
  auto short_path = at.exec(out);
  short_path.resize(short_path.find("/exec/") + 5);
  CHECK_THAT(spdy_stream_client(short_path).upgrade(v4), contains("404"));
}

TEST_CASE("a URL that is too old, and one too many, are refused") {
  streaming_options options;
  options.max_tokens = 1;
  options.token_lifetime = std::chrono::seconds(0);
  either_server at(options);
  wanted_streams out{false, true, false, false};
  CHECK_THAT(spdy_stream_client(at.exec(out)).upgrade(v4), contains("404"));
  options.token_lifetime = std::chrono::seconds(60);
  either_server busy(options);
  REQUIRE_FALSE(busy.exec(out).empty());
  CHECK(busy.server->url_for(attach_request{"c", out}).error().code == errc::exhausted);
}

TEST_CASE("a request that is no upgrade, or offers nothing that is spoken, is refused") {
  either_server at;
  wanted_streams out{false, true, false, false};
  CHECK_THAT(test::http_client(at.exec(out)).request("GET", ""), contains("400 Bad Request"));
  CHECK_THAT(test::http_client(at.exec(out)).request("PUT", ""), contains("405 Method Not Allowed"));
  CHECK_THAT(test::http_client(at.exec(out)).request("POST", "Content-Length: 5\r\n"), contains("400"));
  CHECK_THAT(spdy_stream_client(at.exec(out)).upgrade(""), contains("400"));
  auto refused = spdy_stream_client(at.exec(out)).upgrade("v9.channel.k8s.io");
  CHECK_THAT(refused, contains("403 Forbidden"));
  CHECK_THAT(refused, contains("X-Accepted-Stream-Protocol-Versions: v4.channel.k8s.io"));
  CHECK_THAT(spdy_stream_client(at.forward()).upgrade(v4), contains("403"));
  CHECK_THAT(websocket_stream_client(at.exec(out)).upgrade("v9.channel.k8s.io"), contains("403"));
  CHECK_THAT(websocket_stream_client(at.forward()).upgrade(v4), contains("403"));
}

TEST_CASE("a server that stops ends its streams") {
  either_server at;
  at.engine->run([](test::monitor_end& process) {
    process.send(monitor::frame::stdout_data, "up");
    (void)process.read_all_stdin();
  });
  pod_port pod(echo);
  wanted_streams both{true, true, false, false};
  spdy_session exec(at.exec(both), both);
  CHECK(exec.client.read_until(exec.out, 2) == "up");
  spdy_stream_client forward(at.forward());
  CHECK_THAT(forward.upgrade("portforward.k8s.io"), contains("101"));
  (void)forward.open(pair_headers("error", pod.port, "0"));
  auto data = forward.open(pair_headers("data", pod.port, "0"));
  forward.send(data, "hi");
  CHECK(forward.read_until(data, 2) == "hi");
  spdy_stream_client idle(at.exec(both));
  at.server->stop();
  exec.client.read_to_end();
  forward.read_to_end();
}

// -- port-forward --------------------------------------------------------------------------------------------------

TEST_CASE("connections into a pod run side by side over one client's connection") {
  either_server at;
  pod_port pod(echo);
  spdy_stream_client client(at.forward());
  CHECK_THAT(client.upgrade("portforward.k8s.io"), contains("X-Stream-Protocol-Version: portforward.k8s.io"));
  struct pair {
    spdy::stream_id error, data;
    std::string sent;
  };
  std::vector<pair> pairs;
  for (int i = 0; i < 20; ++i) {
    auto request = std::to_string(i);
    auto error = client.open(pair_headers("error", pod.port, request));
    client.end(error);
    pairs.push_back({error, client.open(pair_headers("data", pod.port, request)), {}});
  }
  for (int round = 0; round < 5; ++round)
    for (auto& one : pairs) {
      std::string part(1000, static_cast<char>('a' + (one.data + static_cast<unsigned>(round)) % 26));
      client.send(one.data, part);
      one.sent += part;
    }
  for (auto& one : pairs) client.end(one.data);
  for (auto& one : pairs) {
    CHECK(client.read_all(one.data) == one.sent);
    CHECK(client.read_all(one.error).empty());
  }
}

TEST_CASE("a pod's half-close is passed on, and its bytes before that") {
  either_server at;
  pod_port pod([](int fd) {
    std::string bytes(300'000, 'p');
    ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    ::shutdown(fd, SHUT_WR);
    char byte = 0;
    while (::recv(fd, &byte, 1, 0) > 0) {
    }
  });
  spdy_stream_client client(at.forward());
  (void)client.upgrade("portforward.k8s.io");
  auto data = client.open(pair_headers("data", pod.port, "7"));
  auto error = client.open(pair_headers("error", pod.port, "7"));
  CHECK(client.read_all(data).size() == 300'000);
  client.end(data);
  CHECK(client.read_all(error).empty());
}

TEST_CASE("a port on which nobody listens is told on the error stream, and the connection goes on") {
  either_server at;
  std::string closed;
  { closed = pod_port(echo).port; }
  pod_port pod(echo);
  spdy_stream_client client(at.forward());
  (void)client.upgrade("portforward.k8s.io");
  auto error = client.open(pair_headers("error", closed, "1"));
  auto data = client.open(pair_headers("data", closed, "1"));
  CHECK_THAT(client.read_all(error), contains("error forwarding port " + closed));
  CHECK(client.read_all(data).empty());
  CHECK(client.was_reset(data));
  // An older client: no requestID, the streams in their order.
  error = client.open({{"streamtype", "error"}, {"port", pod.port}});
  data = client.open({{"streamtype", "data"}, {"port", pod.port}});
  client.send(data, "ping");
  CHECK(client.read_until(data, 4) == "ping");
}

TEST_CASE("streams that make no pair are refused") {
  streaming_options options;
  options.limits.max_pairs = 1;
  either_server at(options);
  pod_port pod(echo);
  spdy_stream_client client(at.forward());
  (void)client.upgrade("portforward.k8s.io");
  CHECK(client.open({{"streamtype", "data"}}) == 0);
  CHECK(client.open(pair_headers("data", "0", "1")) == 0);
  CHECK(client.open(pair_headers("data", "65536", "1")) == 0);
  CHECK(client.open(pair_headers("data", "80x", "1")) == 0);
  CHECK(client.open(pair_headers("stdin", pod.port, "1")) == 0);
  auto data = client.open(pair_headers("data", pod.port, "1"));
  CHECK(data != 0);
  CHECK(client.open(pair_headers("data", pod.port, "1")) == 0);
  CHECK(client.open(pair_headers("data", pod.port, "2")) == 0);
  CHECK(client.open(pair_headers("error", pod.port, "1")) != 0);
  client.send(data, "still");
  CHECK(client.read_until(data, 5) == "still");
}

TEST_CASE("a stream whose partner does not come is told so") {
  streaming_options options;
  options.limits.open_timeout = std::chrono::seconds(0);
  either_server at(options);
  spdy_stream_client client(at.forward());
  (void)client.upgrade("portforward.k8s.io");
  auto error = client.open(pair_headers("error", "80", "1"));
  CHECK_THAT(client.read_all(error), contains("did not come in time"));
}

TEST_CASE("a client may reset a connection, and a pod that does not read holds back the client") {
  either_server at;
  std::atomic<int> closed{0};
  pod_port deaf([&closed](int fd) {
    pollfd state{fd, POLLRDHUP, 0};
    ::poll(&state, 1, 30'000);
    ++closed;
  });
  spdy_stream_client client(at.forward());
  (void)client.upgrade("portforward.k8s.io");
  (void)client.open(pair_headers("error", deaf.port, "1"));
  auto data = client.open(pair_headers("data", deaf.port, "1"));
  client.send(data, "x");
  client.write(spdy::rst_stream{data, spdy::reset_reason::cancel});
  for (int tries = 0; tries < 3000 && closed == 0; ++tries) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  CHECK(closed == 1);
}

// -- WebSocket -----------------------------------------------------------------------------------------------------

TEST_CASE("over WebSocket, a byte names the channel, and v5 can end one") {
  either_server at;
  at.engine->run([](test::monitor_end& process) {
    auto said = process.read_all_stdin();
    process.send(monitor::frame::stdout_data, said);
    process.send(monitor::frame::stderr_data, "bye");
    process.exit(9);
  });
  wanted_streams all{true, true, true, false};
  websocket_stream_client client(at.exec(all));
  CHECK_THAT(client.upgrade("v5.channel.k8s.io, v4.channel.k8s.io"), contains("v5.channel.k8s.io"));
  CHECK(client.read().payload == "\x01"); // it is there
  client.send(std::string("\0hello", 6));
  client.send(std::string("\7skipped", 8));
  client.send("");
  client.send(std::string("\xff\0", 2));
  CHECK(client.read_channel('\1') == "hello");
  CHECK(client.read_channel('\2') == "bye");
  auto status = json::parse(client.read_channel('\3'));
  CHECK(status["details"]["causes"][0]["message"] == "9");
  auto last = client.read();
  CHECK(last.opcode == 8);
  CHECK(last.payload.substr(0, 2) == "\x03\xe8"); // 1000, normal
  client.answer_close();
}

TEST_CASE("over WebSocket, v4 has the terminal's size and no end of stdin") {
  either_server at;
  at.engine->run([](test::monitor_end& process) {
    CHECK(process.read_stdin() == "\xff");
    process.exit(0);
  });
  wanted_streams tty{true, true, false, true};
  websocket_stream_client client(at.exec(tty));
  CHECK_THAT(client.upgrade(v4), contains("v4.channel.k8s.io"));
  client.send(std::string("\xff\0", 2));
  client.send("\4{\"Width\":80,\"Height\":25}");
  CHECK(at.engine->sizes(1).at(0).height == 25);
  client.send(std::string("\0\xff", 2));
  CHECK(json::parse((client.read_channel('\1'), client.read_channel('\3')))["status"] == "Success");
}

TEST_CASE("port-forward goes through a WebSocket as SPDY in messages") {
  either_server at;
  pod_port pod(echo);
  websocket_stream_client client(at.forward());
  CHECK_THAT(client.upgrade("SPDY/3.1+portforward.k8s.io"), contains("SPDY/3.1+portforward.k8s.io"));
  spdy::encoder to;
  spdy::decoder from;
  // One after another: each header block depends on those before it.
  auto bytes = to.encode(spdy::syn_stream{1, 0, 0, false, false, pair_headers("error", pod.port, "0")});
  bytes += to.encode(spdy::syn_stream{3, 0, 0, false, false, pair_headers("data", pod.port, "0")});
  bytes += to.encode(spdy::data{3, true, "tunnelled"});
  client.send(bytes.substr(0, 20));
  client.send(bytes.substr(20));
  std::string echoed;
  for (bool ended = false; !ended;) {
    auto message = client.read();
    REQUIRE(message.opcode == 2);
    from.add(message.payload);
    for (auto next = from.next(); next && *next; next = from.next())
      if (auto* data = std::get_if<spdy::data>(&**next); data != nullptr && data->id == 3) {
        echoed += data->bytes;
        ended = data->fin;
      }
  }
  CHECK(echoed == "tunnelled");
}
