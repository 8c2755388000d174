#include "tools/gantry-load/http/response_reader.hpp"

#include "tests/catch.hpp"

using namespace gantry;
using namespace gantry::load;

namespace {

struct read_response {
  response answer;
  bool done = false, reusable = false;
  std::size_t used = 0;
  std::string error;
};

/// Feeds `text` in pieces of `size` bytes.
read_response read_in_pieces(std::string_view text, std::size_t size, std::size_t limit = 1 << 20,
                             response_reader::body what = response_reader::body::kept) {
  response_reader reader(limit, what);
  read_response made;
  for (std::size_t at = 0; at < text.size() && !reader.done(); at += size) {
    auto used = reader.feed(text.substr(at, size));
    if (!used) {
      made.error = used.error().message;
      return made;
    }
    made.used += *used;
  }
  made.done = reader.done();
  made.reusable = reader.reusable();
  made.answer = reader.answer();
  return made;
}

std::string error_of(std::string_view text, std::size_t limit = 1 << 20) {
  auto whole = read_in_pieces(text, text.size(), limit);
  auto bytes = read_in_pieces(text, 1, limit);
  CHECK(whole.error == bytes.error);
  return whole.error;
}

} // namespace

TEST_CASE("a response is the same in whatever pieces it comes") {
  struct example {
    std::string_view text, body;
    int status;
  };
  for (const auto& [text, body, status] : {
           example{"HTTP/1.1 201 Created\r\nContent-Length: 11\r\nX-Any: a:b\r\n\r\n{\"Id\":\"ab\"}", "{\"Id\":\"ab\"}",
                   201},
           example{"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n4\r\n\r\n0\r\r\n1\r\nx\r\n0\r\n\r\n",
                   "\r\n0\rx", 200},
           example{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n003;name=\"v;0\"\r\nabc\r\nA "
                   ";x\r\n0123456789\r\n"
                   "000\r\nTrailer: t\r\nOther: 0\r\n\r\n",
                   "abc0123456789", 200},
           // Both, as a careless proxy sends: chunks win (RFC 9112, 6.3).
           example{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nz\r\n0\r\n\r\n", "z",
                   200},
           example{"HTTP/1.1 204 No Content\r\n\r\n", "", 204},
           example{"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", "", 304},
           example{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", 200},
           example{"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length:2\r\n\r\nok",
                   "ok", 200},
           example{"HTTP/1.1 200\nContent-Length: 2\n\nok", "ok", 200},
       }) {
    for (std::size_t size = 1; size <= text.size(); ++size) {
      auto got = read_in_pieces(text, size);
      INFO(text << " by " << size << ": " << got.error);
      REQUIRE(got.done);
      CHECK(got.answer.status == status);
      CHECK(got.answer.body == body);
      CHECK(got.used == text.size());
      CHECK(got.reusable);
    }
  }
}

TEST_CASE("what follows a response is left alone") {
  std::string_view text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500";
  auto got = read_in_pieces(text, text.size());
  CHECK(got.done);
  CHECK(text.substr(got.used) == "HTTP/1.1 500");
}

TEST_CASE("the head is known before the body: a wait is in force then") {
  response_reader reader(1 << 20);
  REQUIRE(reader.feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"));
  CHECK_FALSE(reader.head_read());
  REQUIRE(reader.feed("\r\n"));
  CHECK(reader.head_read());
  CHECK_FALSE(reader.done());
  auto cut = reader.end_of_stream();
  REQUIRE_FALSE(cut);
  CHECK(cut.error().code == errc::unavailable);
}

TEST_CASE("a body without a length, and a stream after 101, go on to the end of the connection") {
  for (auto head : {"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n",
                    "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"}) {
    response_reader reader(1 << 20);
    REQUIRE(reader.feed(head));
    REQUIRE(reader.feed("some"));
    REQUIRE(reader.feed(" bytes"));
    CHECK_FALSE(reader.done());
    REQUIRE(reader.end_of_stream());
    CHECK(reader.done());
    CHECK_FALSE(reader.reusable());
    CHECK(reader.answer().body == "some bytes");
  }
}

TEST_CASE("a connection that the engine closes, and one of HTTP/1.0, is not used again") {
  for (auto text : {"HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
                    "HTTP/1.1 503 Busy\r\nConnection: foo, Close\r\nContent-Length: 1\r\n\r\nx",
                    "HTTP/1.0 503 Busy\r\nContent-Length: 1\r\n\r\nx"}) {
    auto got = read_in_pieces(text, 3);
    CHECK(got.done);
    CHECK_FALSE(got.reusable);
  }
}

TEST_CASE("Retry-After is read in seconds; dates are not looked at") {
  auto with = [](std::string value) {
    auto text = "HTTP/1.1 429 Too Many\r\nRetry-After: " + value + "\r\nContent-Length: 0\r\n\r\n";
    return read_in_pieces(text, 5).answer.retry_after;
  };
  CHECK(with("2") == std::chrono::seconds(2));
  CHECK(with("99999999999") == std::chrono::seconds(3600));
  CHECK_FALSE(with("Wed, 21 Oct 2015 07:28:00 GMT"));
}

TEST_CASE("what is no HTTP is refused, byte by byte as at once") {
  CHECK(error_of("SSH-2.0-OpenSSH_9.2\r\n") != "");
  CHECK(error_of("HTTP/1.1 abc Bad\r\n\r\n") != "");
  CHECK(error_of("HTTP/1.1 200 OK\r\nno colon here\r\n\r\n") != "");
  CHECK(error_of("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n") != "");
  CHECK(error_of("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n") != "");
  CHECK(error_of("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n") != "");
  CHECK(error_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n") != "");
  CHECK(error_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n") != "");
  CHECK(error_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n") != "");
}

TEST_CASE("heads, chunk lines, trailers and bodies are bounded") {
  std::string much(100'000, 'a');
  CHECK(error_of("HTTP/1.1 200 OK\r\nX: " + much) != "");
  CHECK(error_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + much) != "");
  CHECK(error_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx" + much) != "");
  CHECK(error_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: " + much) != "");
  CHECK(error_of("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890", 10) != "");
  CHECK(error_of("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789", 10).empty());
}

TEST_CASE("a dropped body has no bound, but an error's is kept") {
  auto dropped = response_reader::body::dropped;
  auto got = read_in_pieces("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890", 4, 10, dropped);
  CHECK(got.done);
  CHECK(got.answer.body.empty());
  got = read_in_pieces("HTTP/1.1 409 Conflict\r\nContent-Length: 3\r\n\r\nwhy", 4, 10, dropped);
  CHECK(got.answer.body == "why");
}
