#include "api/http/address.hpp"

#include "tests/catch.hpp"

using namespace gantry;
using namespace gantry::http;

TEST_CASE("an address is a socket's path or a host and a port, and is written as it is read") {
  CHECK(parse_address("unix:///run/x.sock").value() == address{"/run/x.sock", "", 0});
  CHECK(parse_address("/run/x.sock").value() == address{"/run/x.sock", "", 0});
  CHECK(parse_address("tcp://127.0.0.1:9100").value() == address{"", "127.0.0.1", 9100});
  CHECK(parse_address("tcp://[::1]:9100").value() == address{"", "::1", 9100});
  CHECK(parse_address("tcp://:9100").value() == address{"", "", 9100});
  for (std::string text : {"unix:///run/x.sock", "tcp://127.0.0.1:9100", "tcp://[::1]:9100", "tcp://:9100"})
    CHECK(to_string(parse_address(text).value()) == text);
}

TEST_CASE("what is no address is refused with what to write instead") {
  for (std::string text : {"", "x.sock", "unix://x.sock", "http://h:1", "tcp://h", "tcp://h:", "tcp://h:x",
                           "tcp://h:65536", "tcp://::1:9100", "tcp://u@h:1", "tcp://h:1/"}) {
    auto read = parse_address(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == errc::invalid_argument);
    CHECK_THAT(read.error().message, test::contains("write "));
  }
}
