#include "store/archive/plain_source.hpp"

#include <bzlib.h>
#include <lzma.h>

#include "tests/catch.hpp"
#include "tests/store/layer/compressed.hpp"
#include "tests/store/layer/sources.hpp"

using namespace gantry;
using test::string_source;

namespace {

std::string bzip2(std::string plain) {
  std::string out(plain.size() + plain.size() / 50 + 600, '\0');
  auto size = static_cast<unsigned>(out.size());
  REQUIRE(BZ2_bzBuffToBuffCompress(out.data(), &size, plain.data(), static_cast<unsigned>(plain.size()), 9, 0, 0) ==
          BZ_OK);
  out.resize(size);
  return out;
}

std::string xz(const std::string& plain) {
  std::string out(lzma_stream_buffer_bound(plain.size()), '\0');
  std::size_t size = 0;
  REQUIRE(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const std::uint8_t*>(plain.data()),
                                  plain.size(), reinterpret_cast<std::uint8_t*>(out.data()), &size,
                                  out.size()) == LZMA_OK);
  out.resize(size);
  return out;
}

/// The same stream, whose header asks for a dictionary of 768 MiB.
std::string greedy_xz() {
  auto bytes = xz("small");
  constexpr std::size_t block = 12;                          // the block's header, behind the stream's
  const auto dictionary = bytes.find("\x21\x01", block) + 2; // LZMA2's id, the size of its properties, and those
  const auto header = (static_cast<std::size_t>(static_cast<unsigned char>(bytes[block])) + 1) * 4;
  bytes[dictionary] = 35;
  auto sum = lzma_crc32(reinterpret_cast<const std::uint8_t*>(bytes.data()) + block, header - 4, 0);
  for (std::size_t i = 0; i < 4; ++i) bytes[block + header - 4 + i] = static_cast<char>(sum >> (8 * i));
  return bytes;
}

result<std::string> plain_of(std::string bytes, std::size_t piece = 65536) {
  string_source source(std::move(bytes), piece);
  GANTRY_LET(auto plain, store::plain_source(source));
  return test::read_everything(*plain);
}

std::string sample() {
  std::string text;
  for (int i = 0; i < 30'000; ++i) text += std::to_string(i * 7919) + " ";
  return text;
}

} // namespace

TEST_CASE("every compression is recognised by how it begins, however its bytes arrive") {
  const auto text = sample();
  for (std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{65536}}) {
    CHECK(plain_of(text, piece) == text);
    CHECK(plain_of(test::gzip(text), piece) == text);
    CHECK(plain_of(test::zstd(text), piece) == text);
    CHECK(plain_of(bzip2(text), piece) == text);
    CHECK(plain_of(xz(text), piece) == text);
  }
}

TEST_CASE("several streams in a row are one") {
  CHECK(plain_of(bzip2("one ") + bzip2("two")) == "one two");
  CHECK(plain_of(xz("one ") + xz("two")) == "one two");
}

TEST_CASE("what is shorter than any magic is plain") {
  CHECK(plain_of("") == "");
  CHECK(plain_of("BZ") == "BZ");
}

TEST_CASE("a stream that ends early or is damaged is corrupt, and never hangs") {
  for (auto make : {+[](const std::string& s) { return bzip2(s); }, +[](const std::string& s) { return xz(s); }}) {
    const auto whole = make(sample());
    for (auto length : {std::size_t{6}, std::size_t{20}, whole.size() / 2, whole.size() - 1}) {
      auto cut = plain_of(whole.substr(0, length));
      REQUIRE_FALSE(cut);
      CHECK(cut.error().code == errc::corrupt);
    }
    auto damaged = whole;
    damaged[damaged.size() / 2] ^= 0x55;
    auto got = plain_of(damaged);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == errc::corrupt);
  }
}

TEST_CASE("an xz stream that asks for too much memory is refused before it gets any") {
  auto got = plain_of(greedy_xz());
  REQUIRE_FALSE(got);
  CHECK(got.error().code == errc::exhausted);
}
