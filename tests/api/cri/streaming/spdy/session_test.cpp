#include "api/cri/streaming/spdy/session.hpp"

#include <random>

#include "tests/catch.hpp"

using namespace gantry;
using namespace gantry::cri;
using spdy::session;

namespace {

/// A client's end: frames go to the session, and what the session sends is decoded.
struct client {
  session& server;
  spdy::encoder to;
  spdy::decoder from;

  void send(const spdy::frame& what) { server.add(to.encode(what)); }
  void open(spdy::stream_id id, bool fin = false) {
    send(spdy::syn_stream{id, 0, 0, fin, false, {{"streamtype", "stdin"}}});
  }
  template<class Event>
  Event expect() {
    auto next = server.next();
    REQUIRE(next);
    REQUIRE(next->has_value());
    REQUIRE(std::holds_alternative<Event>(**next));
    return std::get<Event>(**next);
  }
  void expect_nothing() {
    auto next = server.next();
    REQUIRE(next);
    CHECK_FALSE(next->has_value());
  }
  template<class Frame>
  Frame reply() {
    from.add(server.take_output());
    auto next = from.next();
    REQUIRE(next);
    REQUIRE(next->has_value());
    REQUIRE(std::holds_alternative<Frame>(**next));
    return std::get<Frame>(**next);
  }
};

} // namespace

TEST_CASE("a stream is opened, answered, used both ways and over") {
  session server(8);
  client peer{server, {}, {}};
  peer.open(1);
  auto opened = peer.expect<session::opened>();
  CHECK(opened.id == 1);
  CHECK(opened.headers == spdy::header_list{{"streamtype", "stdin"}});
  server.accept(1);
  CHECK(peer.reply<spdy::syn_reply>().id == 1);
  peer.send(spdy::data{1, true, "in"});
  CHECK(peer.expect<session::received>().bytes == "in");
  CHECK(peer.expect<session::ended>().id == 1);
  peer.expect_nothing();
  server.send(1, "out");
  CHECK(peer.reply<spdy::data>().bytes == "out");
  CHECK(server.is_open(1));
  server.finish(1);
  auto last = peer.reply<spdy::data>();
  CHECK(last.fin);
  CHECK(last.bytes.empty());
  CHECK(server.open_streams() == 0);
  server.send(1, "late");
  server.finish(1);
  CHECK(server.take_output().empty());
}

TEST_CASE("a stream may be born half closed") {
  session server(8);
  client peer{server, {}, {}};
  peer.open(1, true);
  peer.expect<session::opened>();
  CHECK(peer.expect<session::ended>().id == 1);
  CHECK(server.is_open(1));
  server.send(1, "still heard");
  CHECK(peer.reply<spdy::data>().bytes == "still heard");
}

TEST_CASE("streams over the bound are refused, and the connection goes on") {
  session server(2);
  client peer{server, {}, {}};
  for (spdy::stream_id id : {1U, 3U, 5U}) peer.open(id);
  peer.expect<session::opened>();
  peer.expect<session::opened>();
  peer.expect_nothing();
  auto refused = peer.reply<spdy::rst_stream>();
  CHECK(refused.id == 5);
  CHECK(refused.why == spdy::reset_reason::refused_stream);
  peer.send(spdy::data{5, false, "under way"});
  peer.expect_nothing();
  server.reject(1, spdy::reset_reason::cancel);
  CHECK(peer.reply<spdy::rst_stream>().id == 1);
  peer.open(7);
  CHECK(peer.expect<session::opened>().id == 7);
}

TEST_CASE("a reset ends a stream both ways") {
  session server(8);
  client peer{server, {}, {}};
  peer.open(1);
  peer.expect<session::opened>();
  peer.send(spdy::rst_stream{1, spdy::reset_reason::cancel});
  CHECK(peer.expect<session::reset>().id == 1);
  peer.send(spdy::rst_stream{1, spdy::reset_reason::cancel});
  peer.expect_nothing();
  server.send(1, "nobody hears this");
  server.accept(1);
  CHECK(server.take_output().empty());
}

TEST_CASE("pings of the client are answered, and nothing else is") {
  session server(8);
  client peer{server, {}, {}};
  peer.send(spdy::ping{2});
  peer.send(spdy::settings{{{7, 1}}});
  peer.send(spdy::window_update{1, 1});
  peer.send(spdy::syn_reply{1, false, {}});
  peer.send(spdy::ping{3});
  peer.expect_nothing();
  CHECK(peer.reply<spdy::ping>().id == 3);
  CHECK(server.take_output().empty());
}

TEST_CASE("data after its end resets that stream alone") {
  session server(8);
  client peer{server, {}, {}};
  peer.open(1);
  peer.open(3);
  peer.expect<session::opened>();
  peer.expect<session::opened>();
  peer.send(spdy::headers{1, true, {}});
  CHECK(peer.expect<session::ended>().id == 1);
  peer.send(spdy::data{1, false, "more"});
  CHECK(peer.expect<session::reset>().id == 1);
  CHECK(peer.reply<spdy::rst_stream>().why == spdy::reset_reason::stream_already_closed);
  peer.send(spdy::data{3, false, "fine"});
  CHECK(peer.expect<session::received>().id == 3);
}

TEST_CASE("a client that breaks the protocol is sent away") {
  session server(8);
  client peer{server, {}, {}};
  peer.open(5);
  peer.expect<session::opened>();
  SECTION("an id that does not rise") { peer.open(3); }
  SECTION("an id of the server's") { peer.open(6); }
  SECTION("data for a stream that was never opened") { peer.send(spdy::data{7, false, "x"}); }
  CHECK_FALSE(server.next());
  auto gone = peer.reply<spdy::goaway>();
  CHECK(gone.why == spdy::going_reason::protocol_error);
  CHECK(gone.last_good == 5);
}

TEST_CASE("the client's goodbye is told") {
  session server(8);
  client peer{server, {}, {}};
  peer.send(spdy::goaway{0, spdy::going_reason::ok});
  peer.expect<session::going_away>();
}

TEST_CASE("whatever frames come, no more streams are open than allowed") {
  std::mt19937 random(7);
  auto below = [&random](unsigned bound) { return std::uniform_int_distribution<unsigned>(0, bound - 1)(random); };
  for (int round = 0; round < 500; ++round) {
    session server(4);
    client peer{server, {}, {}};
    spdy::stream_id last = 1;
    for (int step = 0; step < 60; ++step) {
      auto id = 1 + 2 * below(last / 2 + 1);
      switch (below(5)) {
      case 0:
        peer.open(last += 2, below(3) == 0);
        break;
      case 1:
        peer.send(spdy::data{id, below(2) == 0, std::string(below(3), 'x')});
        break;
      case 2:
        peer.send(spdy::rst_stream{id, spdy::reset_reason::cancel});
        break;
      case 3:
        server.finish(id);
        break;
      default:
        server.send(id, "y");
        break;
      }
      auto next = server.next();
      while (next && *next) next = server.next();
      if (!next) break;
      CHECK(server.open_streams() <= 4);
    }
  }
}
