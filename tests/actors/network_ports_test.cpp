#include "tests/actors/network_stage.hpp"

// Attaching turns on the host's IPv4 forwarding (runtime/network/host_rules.hpp), hence [root].

namespace gantry::test {

TEST_CASE("network: a port whose container is leaving is waited for, and given to who asked for it", "[root]") {
  network_stage s;
  auto taken = s.attach(1, {{80, "tcp", "", 0}}).value().ports;
  auto other = s.attach(9, {{80, "tcp", "", 0}}).value().ports;
  s.play.held.insert("links.disconnect");
  auto left = s.detach(1, taken);
  auto next = s.attach(2, taken);
  CHECK_FALSE(left.here());
  CHECK_FALSE(next.here());
  CHECK(s.attach(3, other).why().code == errc::already_exists); // of one that stays
  s.play.held.clear();
  SECTION("it leaves") {
    s.release("links.disconnect");
    CHECK(left.ok());
    CHECK(next.value().ports == taken);
    CHECK(s.attach(4, taken).why().code == errc::already_exists);
  }
  SECTION("it cannot leave") {
    s.play.fail("links.disconnect");
    s.release("links.disconnect");
    CHECK((left.ok() ? next.ok() : next.why().code == errc::already_exists));
  }
}

} // namespace gantry::test
