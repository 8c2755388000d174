#include "messages/domain/cdi.hpp"

#include "messages/domain/container.hpp"
#include "tests/catch.hpp"

using namespace gantry;

TEST_CASE("a CDI device's name is taken apart") {
  const auto name = cdi::parse_device_name("vendor.com/class=my-Device_0:1.2");
  REQUIRE(name);
  CHECK(name->vendor == "vendor.com");
  CHECK(name->device_class == "class");
  CHECK(name->name == "my-Device_0:1.2");
  CHECK(cdi::to_string(*name) == "vendor.com/class=my-Device_0:1.2");
  CHECK(cdi::parse_device_name("v/c=0"));
  CHECK(cdi::parse_device_name("a_b-c.d/e.f=all"));
}

TEST_CASE("what is no CDI device's name is refused, and quoted") {
  for (const auto* text :
       {"", "=", "v/c", "v/c=", "/c=d", "v/=d", "v=d", "0v/c=d", "v/0c=d", "v/c=-d", "v/c=d-", "v./c=d", "v/c/x=d",
        "v/c=d=e", "v/c=d,e", "v /c=d", "v/c=d\n", "/dev/fuse", "v/c=\xc3\xa9"}) {
    INFO(text);
    const auto name = cdi::parse_device_name(text);
    REQUIRE_FALSE(name);
    CHECK(name.error().code == errc::invalid_argument);
    CHECK(name.error().message.find('\n') == std::string::npos);
  }
}

TEST_CASE("a sub-path is relative and does not step out") {
  for (const auto* path : {"", "a", "a/b", "./a", "a..b/..c", "a//b"}) CHECK(check_sub_path(path));
  for (const auto* path : {"/", "/a", "..", "../a", "a/..", "a/../b"}) CHECK_FALSE(check_sub_path(path));
  CHECK_FALSE(check_sub_path(std::string_view("a\0b", 3)));
}
