#include <random>

#include "store/layer/decompress.hpp"
#include "tests/catch.hpp"
#include "tests/store/layer/compressed.hpp"
#include "tests/store/layer/sources.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

// Text that compresses somewhat, with matches over long distances.
std::string sample(std::size_t size, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < size) {
    if (text.size() > 1000 && random() % 3 == 0)
      text += text.substr(random() % (text.size() - 500), 300);
    else
      text.push_back(static_cast<char>(random()));
  }
  text.resize(size);
  return text;
}

result<std::string> unpack(const std::string& bytes, compression how, std::size_t in = 65536, std::size_t out = 65536) {
  string_source source(bytes, in);
  return read_everything(*store::decompress(source, how), out);
}

} // namespace

TEST_CASE("each compression gives back the bytes, whatever the sizes of reads") {
  auto plain = sample(300'000);
  for (auto [in, out] : {std::pair{65536, 65536}, {1, 4096}, {7, 100}, {4096, 1}, {1, 1}}) {
    auto i = static_cast<std::size_t>(in), o = static_cast<std::size_t>(out);
    CHECK(unpack(gzip(plain), compression::gzip, i, o) == plain);
    CHECK(unpack(zstd(plain), compression::zstd, i, o) == plain);
    CHECK(unpack(plain, compression::none, i, o) == plain);
  }
}

TEST_CASE("gzip members and zstd frames in a row are one stream") {
  auto a = sample(100'000, 1), b = sample(3, 2), c = sample(70'000, 3);
  for (std::size_t piece : {1u, 2u, 3u, 5u, 8u, 13u, 1000u, 65536u}) {
    CHECK(unpack(gzip(a) + gzip(b, "name") + gzip("") + gzip(c, "", 0), compression::gzip, piece) == a + b + c);
    CHECK(unpack(zstd(a) + zstd(b) + zstd("") + zstd(c), compression::zstd, piece) == a + b + c);
  }
}

TEST_CASE("gzip headers with name, comment, extra field and checksum are skipped") {
  auto plain = sample(1000);
  for (std::size_t piece : {1u, 3u, 10u, 65536u})
    CHECK(unpack(gzip(plain, std::string(500, 'n')), compression::gzip, piece) == plain);
}

TEST_CASE("many small gzip members meet every alignment of the input buffer") {
  std::string bytes, plain;
  for (unsigned i = 0; i < 2000; ++i) {
    auto part = sample(i % 97, i);
    bytes += gzip(part, i % 5 == 0 ? "n" : "");
    plain += part;
  }
  for (std::size_t piece : {4u, 9u, 17u, 4096u, 1u << 20}) CHECK(unpack(bytes, compression::gzip, piece) == plain);
}

TEST_CASE("an empty file compressed is an empty stream") {
  CHECK(unpack(gzip(""), compression::gzip) == "");
  CHECK(unpack(zstd(""), compression::zstd) == "");
  CHECK(unpack("", compression::none) == "");
}

TEST_CASE("a truncated stream is an error at every length") {
  auto plain = sample(2000);
  auto gz = gzip(plain, "name"), zs = zstd(plain);
  for (std::size_t size = 0; size < gz.size(); size += size < 40 || size + 20 > gz.size() ? 1 : 37) {
    auto got = unpack(gz.substr(0, size), compression::gzip);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == errc::corrupt);
    CHECK_THAT(got.error().message, contains("truncated"));
  }
  for (std::size_t size = 0; size < zs.size(); size += 31) {
    auto got = unpack(zs.substr(0, size), compression::zstd);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == errc::corrupt);
  }
}

TEST_CASE("damage is found by the checksum or the format") {
  auto plain = sample(5000);
  for (auto how : {compression::gzip, compression::zstd}) {
    auto bytes = how == compression::gzip ? gzip(plain) : zstd(plain);
    for (std::size_t at = bytes.size() - 8; at < bytes.size(); ++at) {
      if (how == compression::zstd && at < bytes.size() - 4) continue; // block content, found by the checksum too
      auto damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
      auto got = unpack(damaged, how);
      REQUIRE_FALSE(got);
      CHECK(got.error().code == errc::corrupt);
    }
  }
}

TEST_CASE("bytes after the end that start no member or frame are refused") {
  auto gz = unpack(gzip("x") + "garbage after the end", compression::gzip);
  REQUIRE_FALSE(gz);
  CHECK_THAT(gz.error().message, contains("after the gzip stream's end"));
  CHECK_FALSE(unpack(gzip("x") + std::string(100, '\0'), compression::gzip));
  CHECK_FALSE(unpack(zstd("x") + "garbage after the end", compression::zstd));
}

TEST_CASE("another format than promised is refused by name") {
  auto got = unpack("this is plain text, not gzip at all", compression::gzip);
  REQUIRE_FALSE(got);
  CHECK_THAT(got.error().message, contains("not a gzip stream"));
  CHECK_FALSE(unpack(gzip("x"), compression::zstd));
}

TEST_CASE("a zstd frame may not ask for a window over the bound") {
  auto plain = sample(4000);
  CHECK(unpack(zstd(plain, store::max_zstd_window_log), compression::zstd) == plain);
  auto got = unpack(zstd(plain, store::max_zstd_window_log + 1), compression::zstd);
  REQUIRE_FALSE(got);
  CHECK(got.error().code == errc::corrupt);
}

TEST_CASE("an error of the source comes through") {
  struct broken final : store::byte_source {
    result<std::size_t> read(std::span<char>) override { return fail(errc::unavailable, "the registry went away"); }
  } source;
  for (auto how : {compression::none, compression::gzip, compression::zstd}) {
    auto got = read_everything(*store::decompress(source, how));
    REQUIRE_FALSE(got);
    CHECK(got.error().code == errc::unavailable);
  }
}
