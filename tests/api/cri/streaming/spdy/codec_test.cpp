#include <zlib.h>

#include <random>

#include "api/cri/streaming/spdy/big_endian.hpp"
#include "api/cri/streaming/spdy/decoder.hpp"
#include "api/cri/streaming/spdy/dictionary.hpp"
#include "api/cri/streaming/spdy/encoder.hpp"
#include "tests/catch.hpp"

using namespace gantry;
using namespace gantry::cri;

namespace {

std::vector<spdy::frame> decode_all(spdy::decoder& from, std::string_view bytes) {
  from.add(bytes);
  std::vector<spdy::frame> found;
  for (;;) {
    auto next = from.next();
    REQUIRE(next);
    if (!*next) return found;
    found.push_back(std::move(**next));
  }
}

template<class T>
T only(std::vector<spdy::frame> found) {
  REQUIRE(found.size() == 1);
  REQUIRE(std::holds_alternative<T>(found[0]));
  return std::get<T>(std::move(found[0]));
}

std::string error_of(std::string_view bytes) {
  spdy::decoder from;
  from.add(bytes);
  auto next = from.next();
  while (next && *next) next = from.next();
  return next ? "" : next.error().message;
}

std::string control(unsigned type, unsigned flags, std::string_view payload, unsigned version = 3) {
  std::string out;
  spdy::append_u16(out, 0x8000U | version);
  spdy::append_u16(out, type);
  spdy::append_u32(out, flags << 24U | static_cast<unsigned>(payload.size()));
  return out + std::string(payload);
}

std::string number(std::uint32_t value) {
  std::string out;
  spdy::append_u32(out, value);
  return out;
}

/// A block as another implementation would compress it: a full window, and no dictionary when that is asked for.
std::string compressed(std::string_view plain, bool with_dictionary = true) {
  z_stream stream{};
  REQUIRE(::deflateInit(&stream, 9) == Z_OK);
  const auto& words = spdy::dictionary();
  auto bytes = [](std::string_view text) { return reinterpret_cast<Bytef*>(const_cast<char*>(text.data())); };
  if (with_dictionary) ::deflateSetDictionary(&stream, bytes(words), static_cast<uInt>(words.size()));
  std::string out(plain.size() + 1024, '\0');
  stream.next_in = bytes(plain);
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = bytes(out);
  stream.avail_out = static_cast<uInt>(out.size());
  ::deflate(&stream, Z_SYNC_FLUSH);
  out.resize(out.size() - stream.avail_out);
  ::deflateEnd(&stream);
  return out;
}

} // namespace

TEST_CASE("the header dictionary is the protocol's own") {
  const auto& words = spdy::dictionary();
  CHECK(words.size() == 1423);
  CHECK(::adler32(::adler32(0, nullptr, 0), reinterpret_cast<const Bytef*>(words.data()), 1423) == 0xe3c6a7c2);
}

TEST_CASE("each frame comes out as it went in") {
  spdy::encoder to;
  spdy::decoder from;
  auto opened = only<spdy::syn_stream>(decode_all(
      from,
      to.encode(spdy::syn_stream{5, 3, 6, true, true, {{"streamtype", "error"}, {"port", "80"}, {"empty", ""}}})));
  CHECK(opened.id == 5);
  CHECK(opened.associated_to == 3);
  CHECK(opened.priority == 6);
  CHECK(opened.fin);
  CHECK(opened.unidirectional);
  CHECK(opened.headers == spdy::header_list{{"streamtype", "error"}, {"port", "80"}, {"empty", ""}});

  auto reply = only<spdy::syn_reply>(decode_all(from, to.encode(spdy::syn_reply{5, false, {}})));
  CHECK(reply.id == 5);
  CHECK_FALSE(reply.fin);
  CHECK(reply.headers.empty());
  auto more = only<spdy::headers>(decode_all(from, to.encode(spdy::headers{7,
                                                                           true,
                                                                           {{"a", std::string("1\0"
                                                                                              "2",
                                                                                              3)}}})));
  CHECK(more.fin);
  CHECK(more.entries[0].second == std::string("1\0"
                                              "2",
                                              3));
  auto rst = only<spdy::rst_stream>(decode_all(from, to.encode(spdy::rst_stream{9, spdy::reset_reason::cancel})));
  CHECK(rst.id == 9);
  CHECK(rst.why == spdy::reset_reason::cancel);
  auto set = only<spdy::settings>(decode_all(from, to.encode(spdy::settings{{{4, 100}, {7, 65536}}})));
  CHECK(set.entries == decltype(set.entries){{4, 100}, {7, 65536}});
  CHECK(only<spdy::ping>(decode_all(from, to.encode(spdy::ping{77}))).id == 77);
  auto gone = only<spdy::goaway>(decode_all(from, to.encode(spdy::goaway{9, spdy::going_reason::internal_error})));
  CHECK(gone.last_good == 9);
  CHECK(gone.why == spdy::going_reason::internal_error);
  CHECK(only<spdy::window_update>(decode_all(from, to.encode(spdy::window_update{9, 4096}))).delta == 4096);
  auto bytes = only<spdy::data>(decode_all(from, to.encode(spdy::data{9, true, "hello"})));
  CHECK(bytes.fin);
  CHECK(bytes.bytes == "hello");
}

TEST_CASE("header blocks refer to those before them") {
  spdy::encoder to;
  spdy::decoder from;
  std::size_t first = 0;
  for (spdy::stream_id id = 1; id < 200; id += 2) {
    spdy::header_list sent{{"streamtype", "data"}, {"port", "8080"}, {"requestid", std::to_string(id)}};
    auto bytes = to.encode(spdy::syn_stream{id, 0, 0, false, false, sent});
    if (first == 0) first = bytes.size();
    CHECK(bytes.size() <= first);
    CHECK(only<spdy::syn_stream>(decode_all(from, bytes)).headers == sent);
  }
}

TEST_CASE("frames may arrive byte by byte, and data in pieces") {
  spdy::encoder to;
  auto bytes = to.encode(spdy::syn_stream{1, 0, 0, false, false, {{"streamtype", "stdin"}}}) +
               to.encode(spdy::data{1, false, ""}) + to.encode(spdy::data{1, true, "abc"}) + to.encode(spdy::ping{1});
  spdy::decoder from;
  std::vector<spdy::frame> found;
  for (char c : bytes)
    for (auto& one : decode_all(from, std::string_view(&c, 1))) found.push_back(std::move(one));
  REQUIRE(found.size() == 6);
  CHECK(std::get<spdy::data>(found[1]).bytes.empty());
  CHECK(std::get<spdy::data>(found[2]).bytes == "a");
  CHECK_FALSE(std::get<spdy::data>(found[3]).fin);
  CHECK(std::get<spdy::data>(found[4]).bytes == "c");
  CHECK(std::get<spdy::data>(found[4]).fin);
  CHECK(std::get<spdy::ping>(found[5]).id == 1);
}

TEST_CASE("a frame of an unknown type is skipped") {
  spdy::encoder to;
  spdy::decoder from;
  CHECK(only<spdy::ping>(decode_all(from, control(5, 0, "credential") + control(77, 3, "") + to.encode(spdy::ping{3})))
            .id == 3);
}

TEST_CASE("what is not SPDY/3.1 is refused") {
  using test::contains;
  auto opens = [](std::string_view block) {
    return control(1, 0, number(1) + number(0) + std::string(2, '\0') + std::string(block));
  };
  auto header = [](std::string_view name, std::string_view value) {
    std::string out;
    spdy::append_counted(out, name);
    spdy::append_counted(out, value);
    return out;
  };
  CHECK(error_of(opens(compressed(number(1) + header("a", "1")))).empty());
  CHECK_THAT(error_of(control(6, 0, number(1), 2)), contains("version 2"));
  CHECK_THAT(error_of("GET / HTTP/1.1\r\n\r\n").empty() ? "data" : "refused", contains("data"));
  CHECK_THAT(error_of(number(0) + number(0)), contains("stream 0"));
  CHECK_THAT(error_of(control(6, 0, "12345")), contains("5 bytes"));
  CHECK_THAT(error_of(control(3, 0, number(1))), contains("4 bytes"));
  CHECK_THAT(error_of(control(4, 0, number(2) + number(1) + number(1))), contains("settings"));
  CHECK_THAT(error_of(control(4, 0, number(0x2000'0000))), contains("settings"));
  CHECK_THAT(error_of(control(1, 0, number(1))), contains("4 bytes"));
  CHECK_THAT(error_of(control(2, 0, number(0) + compressed(number(0)))), contains("stream 0"));
  CHECK_THAT(error_of(number(0x8003'0001) + number(0xFF'FFFF)), contains("16777215 bytes"));
  CHECK_THAT(error_of(opens("")), contains("within a length"));
  CHECK_THAT(error_of(opens("garbage")), contains("zlib"));
  CHECK_THAT(error_of(opens(compressed(number(1) + header("A", "1")))), contains("capitals"));
  CHECK_THAT(error_of(opens(compressed(number(1) + header("", "1")))), contains("empty"));
  CHECK_THAT(error_of(opens(compressed(number(2) + header("a", "1") + header("a", "2")))), contains("twice"));
  CHECK_THAT(error_of(opens(compressed(number(2) + header("a", "1")))), contains("within a length"));
  CHECK_THAT(error_of(opens(compressed(number(1) + header("a", "1") + "x"))), contains("too many"));
  CHECK_THAT(error_of(opens(compressed(number(1) + number(0xFFFF'FFFF)))), contains("4294967295"));
  CHECK_THAT(error_of(opens(compressed(number(100'000)))), contains("100000 headers"));
}

TEST_CASE("a header block is not expanded beyond its bound") {
  std::string bomb(16u << 20, 'a');
  std::string plain = number(1);
  spdy::append_counted(plain, "a");
  spdy::append_counted(plain, bomb);
  auto block = compressed(plain);
  REQUIRE(block.size() < spdy::max_control_payload);
  spdy::header_inflater from;
  CHECK_THAT(from.expand(block).error().message, test::contains("grows beyond"));
}

TEST_CASE("a client that uses no dictionary is understood, one with another is not") {
  spdy::header_inflater from;
  auto got = from.expand(compressed(number(0), false));
  REQUIRE(got);
  CHECK(got->empty());
}

TEST_CASE("the decoder survives what is random, and what is nearly right") {
  std::mt19937 random(20'261);
  auto below = [&random](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
  };
  for (int round = 0; round < 3000; ++round) {
    spdy::encoder to;
    std::string bytes;
    for (int i = 0; i < 6; ++i) {
      bytes += to.encode(spdy::syn_stream{
          static_cast<spdy::stream_id>(2 * i + 1), 0, 0, false, false, {{"streamtype", "data"}, {"port", "80"}}});
      bytes += to.encode(spdy::data{1, false, std::string(below(50), 'x')});
      bytes += to.encode(spdy::settings{{{1, 2}}});
    }
    for (std::size_t i = 0, flips = below(8); i < flips; ++i)
      bytes[below(bytes.size())] = static_cast<char>(below(256));
    spdy::decoder from;
    for (std::size_t at = 0; at < bytes.size();) {
      auto part = std::string_view(bytes).substr(at, 1 + below(60));
      at += part.size();
      from.add(part);
      auto next = from.next();
      while (next && *next) next = from.next();
      if (!next) break;
    }
  }
  SUCCEED();
}
