#include "messages/domain/platform.hpp"

#include "tests/catch.hpp"

using namespace gantry;

TEST_CASE("a platform is read by containerd's rules") {
  for (const auto& [text, normal] :
       std::vector<std::pair<std::string, std::string>>{{"linux/amd64", "linux/amd64"},
                                                        {"amd64", "linux/amd64"},
                                                        {"x86_64", "linux/amd64"},
                                                        {"Linux/X86-64", "linux/amd64"},
                                                        {"linux/amd64/v1", "linux/amd64"},
                                                        {"linux/amd64/v3", "linux/amd64/v3"},
                                                        {"aarch64", "linux/arm64"},
                                                        {"linux/arm64/v8", "linux/arm64/v8"},
                                                        {"linux/arm64/8", "linux/arm64/v8"},
                                                        {"linux/arm/7x", "linux/arm/7x"},
                                                        {"armhf", "linux/arm/v7"},
                                                        {"armel", "linux/arm/v6"},
                                                        {"linux/arm/v5", "linux/arm/v5"},
                                                        {"linux/armhf/v6", "linux/arm/v6"},
                                                        {"i686", "linux/386"},
                                                        {"macos/arm64", "darwin/arm64"},
                                                        {"linux/riscv64", "linux/riscv64"},
                                                        {"linux/new-arch", "linux/new-arch"}}) {
    INFO(text);
    auto parsed = platform::parse(text);
    REQUIRE(parsed);
    CHECK(parsed->str() == normal);
  }
}

TEST_CASE("an operating system alone takes the host's architecture") {
  CHECK(platform::parse("linux").value() == platform::host());
}

TEST_CASE("what is no platform is refused") {
  for (const auto& text :
       {std::string(), std::string("/"), std::string("linux/"), std::string("/amd64"), std::string("a/b/c/d"),
        std::string("linux/amd64/"), std::string("vax"), std::string("linux/am d64"), std::string("linux/\xff"),
        std::string(5000, 'a'), std::string(5000, '/'), std::string("linux/a\0", 8)}) {
    INFO(text);
    auto parsed = platform::parse(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == errc::invalid_argument);
  }
}

TEST_CASE("the host has an architecture of Go's name") {
  auto host = platform::host();
  CHECK(host.os == "linux");
#if defined(__x86_64__)
  CHECK(host.str() == "linux/amd64");
#elif defined(__aarch64__)
  CHECK(host.str() == "linux/arm64/v8");
#endif
}

TEST_CASE("a host runs what is built for it or for older ones of its kind") {
  auto fits = [](const platform& wanted, const platform& offered) { return match(wanted, offered); };
  CHECK(fits({"linux", "arm64", "v8"}, {"linux", "arm64", ""}) ==
        fits({"linux", "arm64", ""}, {"linux", "arm64", "v8"}));
  CHECK(fits({"linux", "arm", "v7"}, {"linux", "arm", "v7"}) > fits({"linux", "arm", "v7"}, {"linux", "arm", "v6"}));
  CHECK(fits({"linux", "arm", "v7"}, {"linux", "arm", "v6"}) > fits({"linux", "arm", "v7"}, {"linux", "arm", "v5"}));
  CHECK(fits({"linux", "arm", "v7"}, {"linux", "arm", "v5"}) > 0);
  CHECK(fits({"linux", "arm", "v6"}, {"linux", "arm", "v7"}) == 0);
  CHECK(fits({"linux", "arm64", "v8"}, {"linux", "arm64", "v8.2"}) == 0);
  CHECK(fits({"linux", "arm64", "v9"}, {"linux", "arm64", "v8"}) > 0);
  CHECK(fits({"linux", "amd64", ""}, {"linux", "amd64", "v3"}) == 0);
  CHECK(fits({"linux", "amd64", "v3"}, {"linux", "amd64", "v2"}) > 0);
}

TEST_CASE("nothing fits another system or architecture") {
  CHECK(match({"linux", "amd64", ""}, {"linux", "386", ""}) == 0);
  CHECK(match({"linux", "amd64", ""}, {"windows", "amd64", ""}) == 0);
  CHECK(match({"linux", "arm64", ""}, {"linux", "arm", "v7"}) == 0);
  CHECK(match({"linux", "amd64", ""}, {"unknown", "unknown", ""}) == 0);
  CHECK(match({"linux", "", ""}, {"linux", "", ""}) == 0);
  CHECK(match({"linux", "riscv64", ""}, {"linux", "riscv64", "x"}) == 0);
  CHECK(match({"linux", "riscv64", ""}, {"linux", "riscv64", ""}) > 0);
  CHECK(match({"linux", "arm", "v7"}, {"linux", "arm", "seven"}) == 0);
}
