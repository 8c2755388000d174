#include "messages/domain/reference.hpp"

#include "tests/catch.hpp"

using namespace gantry;

namespace {

const std::string hex(64, 'a');
const std::string pin = "@sha256:" + hex;

struct row {
  std::string text, domain, repository, tag, familiar;
};

} // namespace

TEST_CASE("a reference is completed by the rules of the docker client") {
  for (const auto& [text, domain, repository, tag, familiar] : std::vector<row>{
           {"alpine", "docker.io", "library/alpine", "latest", "alpine:latest"},
           {"alpine:3.19", "docker.io", "library/alpine", "3.19", "alpine:3.19"},
           {"library/alpine", "docker.io", "library/alpine", "latest", "alpine:latest"},
           {"docker.io/alpine", "docker.io", "library/alpine", "latest", "alpine:latest"},
           {"index.docker.io/alpine", "docker.io", "library/alpine", "latest", "alpine:latest"},
           {"grafana/loki", "docker.io", "grafana/loki", "latest", "grafana/loki:latest"},
           {"library/a/b", "docker.io", "library/a/b", "latest", "library/a/b:latest"},
           {"localhost/a", "localhost", "a", "latest", "localhost/a:latest"},
           {"localhost:5000", "docker.io", "library/localhost", "5000", "localhost:5000"},
           {"localhost:5000/a:b", "localhost:5000", "a", "b", "localhost:5000/a:b"},
           {"127.0.0.1:5000/a/b", "127.0.0.1:5000", "a/b", "latest", "127.0.0.1:5000/a/b:latest"},
           {"[::1]:5000/a", "[::1]:5000", "a", "latest", "[::1]:5000/a:latest"},
           {"[2001:db8::1]/a:v1", "[2001:db8::1]", "a", "v1", "[2001:db8::1]/a:v1"},
           {"quay.io/a__b/c--d.e_f", "quay.io", "a__b/c--d.e_f", "latest", "quay.io/a__b/c--d.e_f:latest"},
           {"Registry/a", "Registry", "a", "latest", "Registry/a:latest"},
           {"xn--n3h.com:8080/a:_X.-", "xn--n3h.com:8080", "a", "_X.-", "xn--n3h.com:8080/a:_X.-"},
           {"a:" + std::string(128, 't'), "docker.io", "library/a", std::string(128, 't'),
            "a:" + std::string(128, 't')},
           {hex.substr(1), "docker.io", "library/" + hex.substr(1), "latest", hex.substr(1) + ":latest"}}) {
    INFO(text);
    auto parsed = reference::parse(text);
    REQUIRE(parsed);
    CHECK(parsed->domain == domain);
    CHECK(parsed->repository == repository);
    CHECK(parsed->tag == tag);
    CHECK(parsed->content.empty());
    CHECK(parsed->familiar() == familiar);
    CHECK(parsed->target() == tag);
    CHECK(reference::parse(parsed->str()).value() == *parsed);
  }
}

TEST_CASE("a pinned reference has a tag only when it was written") {
  auto pinned = reference::parse("alpine" + pin).value();
  CHECK(pinned.tag.empty());
  CHECK(pinned.target() == "sha256:" + hex);
  CHECK(pinned.str() == "docker.io/library/alpine" + pin);
  CHECK(pinned.familiar() == "alpine" + pin);

  auto both = reference::parse("localhost:5000/a:b" + pin).value();
  CHECK(both.tag == "b");
  CHECK(both.name() == "localhost:5000/a");
  CHECK(both.target() == "sha256:" + hex);
  CHECK(both.str() == "localhost:5000/a:b" + pin);
}

TEST_CASE("a reference that breaks the grammar is refused") {
  for (const auto& text : std::vector<std::string>{"",
                                                   "/",
                                                   "a/",
                                                   "/a",
                                                   "a//b",
                                                   "a:",
                                                   "a@",
                                                   "a:b:c",
                                                   "a b",
                                                   "a\nb",
                                                   std::string("a\0b", 3),
                                                   ":a",
                                                   "@" + pin,
                                                   "a..b",
                                                   "a___b",
                                                   "a._b",
                                                   "a.-b",
                                                   "-a",
                                                   "a-",
                                                   ".a",
                                                   "a.",
                                                   "_a",
                                                   "a_",
                                                   "a/../b",
                                                   "../a",
                                                   "a:-b",
                                                   "a:.b",
                                                   "a:b/c",
                                                   "a:" + std::string(129, 't'),
                                                   "a@sha256:" + hex.substr(1),
                                                   "a@sha256:" + std::string(64, 'A'),
                                                   "a@md5:" + std::string(32, 'a'),
                                                   "a" + pin + ":b",
                                                   "a" + pin + pin,
                                                   "host:port/a",
                                                   "host:/a",
                                                   "[::1/a",
                                                   "[]:5000/a",
                                                   "[::1]5000/a",
                                                   "[fe80::1%eth0]/a",
                                                   "-h.com/a",
                                                   "h-.com/a",
                                                   "h..com/a",
                                                   ".com/a",
                                                   "under_score.com/a",
                                                   "https://host/a",
                                                   ("b\xc3\xbc"
                                                    "cher"),
                                                   "a/b\xff"}) {
    INFO(text);
    auto parsed = reference::parse(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == errc::invalid_argument);
  }
}

TEST_CASE("upper case in a repository's name is refused by its name") {
  for (const auto* text : {"Alpine", "localhost:5000/Alpine", "library/Alpine:x", "quay.io/a/B"}) {
    INFO(text);
    CHECK_THAT(reference::parse(text).error().message, test::contains("lower case"));
  }
}

TEST_CASE("64 hex digits are an id and not a name, unless a domain or tag says so") {
  CHECK_THAT(reference::parse(hex).error().message, test::contains("id"));
  CHECK(reference::parse(hex + ":latest"));
  CHECK(reference::parse("docker.io/" + hex));
  CHECK(reference::parse(hex + "a"));
}

TEST_CASE("the canonical text of a reference is one again, however long its parts are") {
  const std::string domain = std::string(63, 'a') + "." + std::string(191, 'b') + ":65535"; // 261
  const auto longest = domain + "/" + std::string(255, 'c');
  const auto parsed = reference::parse(longest + "@sha512:" + std::string(128, 'd'));
  REQUIRE(parsed);
  CHECK(reference::parse(parsed->str()) == parsed);
  CHECK_FALSE(reference::parse("a" + longest));
  CHECK_FALSE(reference::parse(std::string(1000, 'A') + ".b/c")); // ":latest" would not fit
}

TEST_CASE("a repository's name has at most 255 characters, its domain apart") {
  CHECK(reference::parse("localhost:5000/" + std::string(255, 'a')));
  CHECK_FALSE(reference::parse("localhost:5000/" + std::string(256, 'a')));
  CHECK(reference::parse("a/" + std::string(253, 'a')));
  CHECK_FALSE(reference::parse("a/" + std::string(254, 'a')));
  CHECK_FALSE(reference::parse(std::string(248, 'a'))); // library/ counts
  CHECK_FALSE(reference::parse(std::string(100000, 'a') + ".com/a"));
}
