#include "messages/domain/digest.hpp"

#include "tests/catch.hpp"

using namespace gantry;

namespace {
const std::string a64(64, 'a');
}

TEST_CASE("a digest parses to its algorithm and hex, and prints as it was") {
  auto sha256 = digest::parse("sha256:" + a64);
  REQUIRE(sha256);
  CHECK(sha256->algo() == digest::algorithm::sha256);
  CHECK(sha256->hex() == a64);
  CHECK(sha256->str() == "sha256:" + a64);
  auto sha512 = digest::parse("sha512:" + a64 + a64);
  REQUIRE(sha512);
  CHECK(sha512->str() == "sha512:" + a64 + a64);
}

TEST_CASE("a digest of any other form is refused") {
  for (const auto& text : {std::string(), std::string("sha256"), std::string("sha256:"), a64, "sha256:" + a64 + "a",
                           "sha256:" + a64.substr(1), "sha256:" + std::string(64, 'A'), "sha512:" + a64,
                           "SHA256:" + a64, "md5:" + std::string(32, 'a'), "sha384:" + std::string(96, 'a'),
                           "sha256:" + a64.substr(2) + "/.", "sha256: " + a64.substr(1), "sha256:" + a64 + "\n",
                           "sha256:" + a64.substr(1) + std::string(1, '\0'), "sha256+b64u:" + a64}) {
    INFO(text);
    auto parsed = digest::parse(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == errc::invalid_argument);
  }
}

TEST_CASE("a digest is made of the bytes of a hash, and of nothing shorter") {
  CHECK(digest::from_bytes(digest::algorithm::sha256, std::string(32, '\xab')).hex().substr(0, 4) == "abab");
  CHECK(digest::from_bytes(digest::algorithm::sha512, std::string(64, '\x01')).hex().size() == 128);
  CHECK(digest::from_bytes(digest::algorithm::sha256, std::string(31, '\xab')).empty());
}

TEST_CASE("an empty digest prints as nothing and equals only another one") {
  CHECK(digest().str().empty());
  CHECK(digest() == digest());
  CHECK(digest() != *digest::parse("sha256:" + a64));
}
