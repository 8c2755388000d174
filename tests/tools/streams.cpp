#include <sys/socket.h>
#include <unistd.h>

#include <sstream>

#include "tests/catch.hpp"
#include "tests/tools/scripted_daemon.hpp"
#include "tools/gantry/stream/demux.hpp"
#include "tools/gantry/stream/session.hpp"
#include "tools/gantry/terminal/progress.hpp"
#include "tools/gantry/terminal/terminal.hpp"

using namespace gantry;
using namespace gantry::cli;
using test::frame;

namespace {} // namespace

TEST_CASE("frames are split wherever the bytes are cut") {
  auto stream = frame(1, "out") + frame(2, "err") + frame(1, "") + frame(1, "more");
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    std::string out, err;
    demultiplexer frames(
        [&](auto channel, std::string_view bytes) { (channel == demultiplexer::channel::err ? err : out) += bytes; });
    for (std::size_t i = 0; i < stream.size(); i += step)
      REQUIRE(frames.feed(std::string_view(stream).substr(i, step)));
    CHECK(out == "outmore");
    CHECK(err == "err");
  }
}

TEST_CASE("a stream that has no frames is refused, and the daemon's own error told") {
  demultiplexer frames([](auto, std::string_view) {});
  CHECK_FALSE(frames.feed("plain text of a terminal"));
  demultiplexer others([](auto, std::string_view) {});
  auto told = others.feed(frame(3, "disk gone"));
  REQUIRE_FALSE(told);
  CHECK_THAT(told.error().message, test::contains("disk gone"));
}

TEST_CASE("detach keys are found across reads, and what only begins like them is passed on") {
  auto keys = detach_keys::parse("ctrl-p,ctrl-q").value();
  CHECK(keys.feed("ls\x10").typed == "ls");
  auto told = keys.feed("x\x10\x10");
  CHECK(told.typed == "\x10x\x10");
  CHECK(keys.feed("\x11 lost").detached);
  CHECK_FALSE(detach_keys::parse("ctrl-p,shift-q"));
  CHECK_FALSE(detach_keys::parse("ctrl-?").has_value());
}

TEST_CASE("a session passes stdin on, closes it alone, and prints what comes") {
  int daemon[2], input[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, daemon) == 0);
  REQUIRE(::pipe(input) == 0);
  sys::unique_fd peer(daemon[1]), in(input[0]), writer(input[1]);
  REQUIRE(::write(writer.get(), "hello", 5) == 5);
  writer.reset();
  auto answer = frame(1, "out") + frame(2, "err");
  REQUIRE(::write(peer.get(), answer.data(), answer.size()) == static_cast<ssize_t>(answer.size()));
  REQUIRE(::shutdown(peer.get(), SHUT_WR) == 0);
  std::ostringstream out, err;
  console io{.out = out, .err = err, .in_fd = in.get()};
  http::raw_stream stream;
  stream.socket.reset(daemon[0]);
  stream.received = frame(1, "early ");
  auto ended = session(std::move(stream), io, {.forward_input = true}).run();
  REQUIRE(ended);
  CHECK(*ended == session::ending::output_ended);
  CHECK(out.str() == "early out");
  CHECK(err.str() == "err");
}

TEST_CASE("progress is a line a state off a terminal, and rewrites lines on one") {
  auto event = [](const char* text) { return json::parse(text); };
  std::ostringstream plain, drawn;
  progress_display lines(plain, progress_display::surface::plain, 80),
      screen(drawn, progress_display::surface::terminal, 200);
  for (auto* display : {&lines, &screen}) {
    REQUIRE(display->show(event(R"({"status":"Pulling from library/x","id":"latest"})")));
    REQUIRE(display->show(event(R"({"status":"Waiting","id":"aa","progressDetail":{}})")));
    REQUIRE(display->show(
        event(R"({"status":"Downloading","id":"aa","progressDetail":{"current":500000,"total":1000000}})")));
    REQUIRE(display->show(event(R"({"status":"Pull complete","id":"aa","progressDetail":{}})")));
    CHECK_FALSE(display->show(event(R"({"errorDetail":{"message":"gone"},"error":"gone"})")));
  }
  CHECK(plain.str() == "latest: Pulling from library/x\naa: Waiting\naa: Pull complete\n");
  CHECK_THAT(drawn.str(), test::contains("\x1b[1A\x1b[2K\raa: Downloading [=========================>"));
  CHECK_THAT(drawn.str(), test::contains("500kB/1MB\r\x1b[1B"));
}
