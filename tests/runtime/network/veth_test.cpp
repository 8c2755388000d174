#include "tests/catch.hpp"

#include <unistd.h>

#include "runtime/network/veth.hpp"
#include "tests/runtime/spec/host_program.hpp"

using namespace gantry;
using namespace gantry::network;
using gantry::test::contains;
using gantry::test::run;

namespace {

/// A bridge of the test's own.
struct real_bridge {
  bridge_link link{"gv" + std::to_string(::getpid()), {{"172.30.215.1", 24}}, 0};
  explicit real_bridge(int families = 1) {
    if (families == 2) link.addresses.push_back({"fd00:215::1", 64});
    REQUIRE(make_bridge(link));
  }
  real_bridge(const real_bridge&) = delete;
  real_bridge& operator=(const real_bridge&) = delete;
  ~real_bridge() { (void)remove_link(link.name); }

  [[nodiscard]] std::string ports() const { return run({"ip", "-br", "link", "show", "master", link.name}).output; }
};

/// A network namespace with a path.
struct space {
  std::string name;
  explicit space(int number) : name("gv-" + std::to_string(::getpid()) + "-" + std::to_string(number)) {
    REQUIRE(run({"ip", "netns", "add", name}).exit_code == 0);
  }
  space(const space&) = delete;
  space& operator=(const space&) = delete;
  ~space() { (void)run({"ip", "netns", "del", name}); }

  [[nodiscard]] std::string path() const { return "/run/netns/" + name; }
  [[nodiscard]] std::string ip(std::vector<std::string> words) const {
    words.insert(words.begin(), {"ip", "-n", name});
    return run(words).output;
  }
  [[nodiscard]] bool reaches(const std::string& address) const {
    return run({"ip", "netns", "exec", name, "busybox", "ping", "-c", "1", "-W", "5", address}).exit_code == 0;
  }
};

veth end_in(const real_bridge& bridge, const space& there, const std::string& address) {
  veth end;
  end.bridge = bridge.link.name;
  end.namespace_path = there.path();
  end.addresses = {{address, 24, bridge.link.addresses[0].ip}};
  return end;
}

} // namespace

TEST_CASE("two ends of a bridge reach each other and the gateway", "[root]") {
  const real_bridge bridge;
  const space one(1), other(2);
  const auto mac = connect_veth(end_in(bridge, one, "172.30.215.2"));
  REQUIRE(mac);
  CHECK(*mac == "02:42:ac:1e:d7:02");
  REQUIRE(connect_veth(end_in(bridge, other, "172.30.215.3")));
  CHECK(one.reaches("172.30.215.3"));
  CHECK(other.reaches("172.30.215.1"));
  CHECK_THAT(one.ip({"addr", "show", "eth0"}), contains("172.30.215.2/24 brd 172.30.215.255"));
  CHECK_THAT(one.ip({"addr", "show", "eth0"}), contains("link/ether " + *mac));
  CHECK_THAT(one.ip({"route"}), contains("default via 172.30.215.1 dev eth0"));
  CHECK_THAT(one.ip({"-br", "addr", "show", "lo"}), contains("127.0.0.1/8"));
}

TEST_CASE("an end has the name, the MAC address and the MTU that were asked for, and no route without a gateway",
          "[root]") {
  const real_bridge bridge;
  const space there(1);
  auto end = end_in(bridge, there, "172.30.215.9");
  end.interface = "eth7";
  end.mac = "02:00:00:00:00:17";
  end.mtu = 1400;
  end.addresses[0].gateway.clear();
  REQUIRE(connect_veth(end));
  const auto shown = there.ip({"link", "show", "eth7"});
  CHECK_THAT(shown, contains("mtu 1400"));
  CHECK_THAT(shown, contains("02:00:00:00:00:17"));
  CHECK_THAT(there.ip({"route"}), !contains("default"));
}

TEST_CASE("an end has further addresses and settings of its own, and fails with one that is none", "[root]") {
  const real_bridge bridge;
  const space there(1);
  auto end = end_in(bridge, there, "172.30.215.9");
  end.interface = "net.0"; // a name that is no path, whatever is in it
  end.addresses.push_back({"169.254.8.8", 16});
  end.sysctls = {{"ipv4", "conf", "log_martians", "1"}, {"ipv4", "neigh", "retrans_time_ms", "2000"}};
  REQUIRE(connect_veth(end));
  CHECK_THAT(there.ip({"addr", "show", "net.0"}), contains("169.254.8.8/16"));
  auto read = [&](const std::string& name) {
    return run({"ip", "netns", "exec", there.name, "cat", "/proc/sys/net/ipv4/" + name}).output;
  };
  CHECK(read("conf/net.0/log_martians") == "1\n");
  CHECK(read("neigh/net.0/retrans_time_ms") == "2000\n");

  end.interface = "net1";
  end.sysctls = {{"ipv4", "conf", "no_such", "1"}};
  CHECK(connect_veth(end).error().code == errc::not_found);
  end.sysctls = {{"ipv4", "conf", "log_martians", "many"}};
  CHECK(connect_veth(end).error().code == errc::invalid_argument);
  CHECK(there.ip({"-br", "link", "show", "net1"}).empty());
}

TEST_CASE("an end of both families has an address and a route of each, at once", "[root]") {
  const real_bridge bridge(2);
  const space one(1), other(2);
  for (const auto* at : {&one, &other}) {
    auto end = end_in(bridge, *at, at == &one ? "172.30.215.2" : "172.30.215.3");
    end.addresses.push_back({at == &one ? "fd00:215::2" : "fd00:215::3", 64, "fd00:215::1"});
    REQUIRE(connect_veth(end));
  }
  const auto shown = one.ip({"-6", "addr", "show", "eth0", "scope", "global"});
  CHECK_THAT(shown, contains("fd00:215::2/64"));
  CHECK_THAT(shown, !contains("tentative"));
  CHECK_THAT(one.ip({"-6", "route"}), contains("default via fd00:215::1 dev eth0"));
  CHECK(one.reaches("fd00:215::3"));
  CHECK(one.reaches("fd00:215::1"));
}

TEST_CASE("a bridge has IPv6 when it has such an address, and takes nobody for a router", "[root]") {
  const auto addresses = [](const real_bridge& of) { return run({"ip", "-6", "addr", "show", of.link.name}).output; };
  const auto accepts = [](const real_bridge& of) {
    return run({"cat", "/proc/sys/net/ipv6/conf/" + of.link.name + "/accept_ra"}).output;
  };
  {
    const real_bridge four;
    CHECK(addresses(four).empty());
    CHECK(accepts(four) == "0\n");
  }
  const real_bridge both(2);
  CHECK_THAT(addresses(both), contains("fd00:215::1/64"));
  CHECK(accepts(both) == "0\n");
  CHECK(make_bridge(both.link)); // again
}

TEST_CASE("a bridge that is too narrow for IPv6 is made without", "[root]") {
  bridge_link narrow{"gw" + std::to_string(::getpid()), {{"172.30.216.1", 24}}, 1000};
  CHECK(make_bridge(narrow));
  CHECK(remove_link(narrow.name));
}

TEST_CASE("what comes from a port may go back there", "[root]") {
  const real_bridge bridge;
  const space there(1);
  REQUIRE(connect_veth(end_in(bridge, there, "172.30.215.2")));
  const auto ports = run({"ip", "-d", "link", "show", "master", bridge.link.name}).output;
  CHECK_THAT(ports, contains("hairpin on"));
}

TEST_CASE("an interface that is there is refused, and nothing is left of the attempt", "[root]") {
  const real_bridge bridge;
  const space there(1);
  REQUIRE(connect_veth(end_in(bridge, there, "172.30.215.2")));
  const auto before = bridge.ports();
  const auto again = connect_veth(end_in(bridge, there, "172.30.215.3"));
  REQUIRE_FALSE(again);
  CHECK(again.error().code == errc::already_exists);
  CHECK(bridge.ports() == before);
}

TEST_CASE("an end that fails half-way is taken away again", "[root]") {
  const real_bridge bridge;
  const space there(1);
  auto end = end_in(bridge, there, "172.30.215.2");
  end.addresses[0].gateway = "10.9.8.7"; // not on the link: the kernel refuses the route
  CHECK_FALSE(connect_veth(end));
  CHECK(bridge.ports().empty());
  CHECK_THAT(there.ip({"-br", "link"}), !contains("eth0"));
}

TEST_CASE("a removed end is gone on both sides; removing it again is success", "[root]") {
  const real_bridge bridge;
  const space there(1);
  REQUIRE(connect_veth(end_in(bridge, there, "172.30.215.2")));
  CHECK(disconnect_veth(there.path(), "eth0"));
  CHECK(bridge.ports().empty());
  CHECK(disconnect_veth(there.path(), "eth0"));
  CHECK(disconnect_veth("/run/netns/absent", "eth0"));
  CHECK(remove_link("gv-absent"));
}

TEST_CASE("a bridge that is there is made once, and keeps its MAC address whatever its ports", "[root]") {
  const real_bridge bridge;
  const space there(1);
  REQUIRE(make_bridge(bridge.link));
  auto end = end_in(bridge, there, "172.30.215.2");
  REQUIRE(connect_veth(end));
  CHECK_THAT(run({"ip", "link", "show", bridge.link.name}).output, contains("02:42:ac:1e:d7:01"));
}

TEST_CASE("what cannot be is refused before anything is made", "[root]") {
  const real_bridge bridge;
  const space there(1);
  auto end = end_in(bridge, there, "172.30.215.2");
  end.bridge = "gv-absent";
  CHECK(connect_veth(end).error().code == errc::not_found);
  end = end_in(bridge, there, "not an address");
  CHECK(connect_veth(end).error().code == errc::invalid_argument);
  end = end_in(bridge, there, "172.30.215.2");
  end.mac = "02:42:zz";
  CHECK(connect_veth(end).error().code == errc::invalid_argument);
  end.mac.clear();
  end.namespace_path = "/run/netns/absent";
  CHECK(connect_veth(end).error().code == errc::not_found);
}
