#include "tests/catch.hpp"

#include "runtime/network/address_pool.hpp"
#include "runtime/network/host_rules.hpp"
#include "runtime/network/names_program.hpp"
#include "runtime/network/port_table.hpp"
#include "runtime/network/user_network.hpp"
#include "tests/runtime/spec/fixture.hpp"

using namespace gantry;
using namespace gantry::network;
using gantry::test::contains;
using gantry::test::json;

namespace {

network_definition asked(const std::string& subnet = {}) {
  network_definition made;
  made.name = {"docker", std::string(64, 'a')};
  made.display_name = "web";
  made.subnet = subnet;
  return made;
}

network_definition whole(const std::string& subnet) { return complete(asked(subnet), {}).value(); }

subnet net(const std::string& text) { return parse_subnet(text).value(); }

std::string refusal(const network_definition& of, const std::vector<subnet>& taken = {}) {
  auto made = complete(of, taken);
  return made ? std::string("accepted") : made.error().message;
}

std::string lines_of(const bridge_network& network) {
  std::string text;
  for (const auto& step : prepare_host(network)) text += fmt::format("{}\n", fmt::join(step.apply.argv, " "));
  return text;
}

} // namespace

TEST_CASE("subnets are read, and nothing that is none") {
  CHECK(to_string(net("172.18.5.9/16")) == "172.18.0.0/16");
  CHECK(net("10.0.0.0/8").contains(net("10.200.0.0/24")));
  CHECK(net("10.0.0.0/24").last() == parse_ipv4("10.0.0.255"));
  CHECK(net("10.0.0.0/24").overlaps(net("10.0.0.128/25")));
  CHECK_FALSE(net("10.0.0.0/24").overlaps(net("10.0.1.0/24")));
  CHECK(net("0.0.0.0/0").contains(net("255.255.255.255/32")));
  for (const auto* text : {"", "/16", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/1x", "10.0.0/8",
                           "fd00::/64", "010.0.0.0/8 ", "10.0.0.0/8\n"})
    CHECK_FALSE(parse_subnet(text));
}

TEST_CASE("the host's routes are read as the kernel prints them") {
  auto routes = parse_routes("Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
                             "eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
                             "eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\nnonsense\n");
  REQUIRE(routes.size() == 1);
  CHECK(to_string(routes[0]) == "172.17.0.0/16");
}

TEST_CASE("a network that names no subnet gets one that nobody has") {
  CHECK(whole("").subnet == "172.17.0.0/16");
  CHECK(whole("").gateway == "172.17.0.1");
  CHECK(whole("").bridge == "gt-aaaaaaaaaaaa");
  auto next = complete(asked(), {net("172.16.0.0/14"), net("172.20.1.0/24")}).value();
  CHECK(next.subnet == "172.21.0.0/16");
  CHECK(complete(asked(), {net("172.16.0.0/12")})->subnet == "192.168.0.0/20");
  CHECK(complete(asked(), {net("172.16.0.0/12"), net("192.168.0.0/16")}).error().code == errc::exhausted);
}

TEST_CASE("a network that cannot be is refused by what is wrong with it") {
  CHECK_THAT(refusal(asked("172.30.0.0/16"), {net("172.30.4.0/24")}), contains("Pool overlaps"));
  CHECK_THAT(refusal(asked("10.0.0.0/30")), contains("/8 to /29"));
  CHECK_THAT(refusal(asked("fd00::/64")), contains("not an IPv4 subnet"));
  auto one = asked("10.1.0.0/24");
  one.gateway = "10.2.0.1";
  CHECK_THAT(refusal(one), contains("gateway \"10.2.0.1\" is not an address of 10.1.0.0/24"));
  one = asked("10.1.0.0/24");
  one.ip_range = "10.1.0.0/16";
  CHECK_THAT(refusal(one), contains("not a part of"));
  one = asked("10.1.0.0/24");
  one.reserved = {{"router", "10.1.0.255"}};
  CHECK_THAT(refusal(one), contains("auxiliary address"));
  one = asked();
  one.gateway = "10.1.0.1";
  CHECK_THAT(refusal(one), contains("need a subnet"));
  one = asked();
  one.bridge = "../../x";
  CHECK_THAT(refusal(one), contains("not a link's name"));
  one = asked();
  one.host_address = "here";
  CHECK_THAT(refusal(one), contains("not an IPv4 address"));
  for (const auto* name : {"", "-a", ".a", "a/b", "a b", "a\n"}) {
    one.display_name = name;
    CHECK_THAT(refusal(one), contains("invalid network name"));
  }
}

TEST_CASE("addresses are given one after the other, and never twice") {
  address_pool pool(whole("10.1.0.0/29"));
  CHECK(pool.take("").value() == "10.1.0.2"); // .0 is the subnet's, .1 the gateway's
  CHECK(pool.take("10.1.0.3").value() == "10.1.0.3");
  CHECK(pool.take("").value() == "10.1.0.4");
  CHECK(pool.take("10.1.0.4").error().code == errc::already_exists);
  CHECK(pool.take("").value() == "10.1.0.5");
  CHECK(pool.take("").value() == "10.1.0.6");
  CHECK(pool.take("").error().code == errc::exhausted); // .7 is the broadcast
  pool.give_back("10.1.0.3");
  pool.give_back("10.1.0.3");
  pool.give_back("192.0.2.1");
  CHECK(pool.take("").value() == "10.1.0.3");
  for (const auto* other : {"10.1.0.0", "10.1.0.1", "10.1.0.7", "10.1.0.8", "x", "10.1.0.2 "})
    CHECK(pool.take(other).error().code == errc::invalid_argument);
}

TEST_CASE("addresses come from the range alone, and go round those that are kept for others") {
  auto definition = asked("10.1.0.0/24");
  definition.ip_range = "10.1.0.128/30";
  definition.reserved = {{"printer", "10.1.0.129"}};
  address_pool pool(complete(definition, {}).value());
  pool.restore("10.1.0.128");
  CHECK(pool.take("").value() == "10.1.0.130");
  CHECK(pool.take("10.1.0.7").value() == "10.1.0.7"); // asked for, it may lie beside the range
  pool.give_back("10.1.0.7");
  CHECK(pool.take("").value() == "10.1.0.131");
  CHECK(pool.take("").error().code == errc::exhausted);
  CHECK_FALSE(pool.take("10.1.0.129"));
}

TEST_CASE("networks are kept apart, and an internal one from everything") {
  auto rules = lines_of(bridge_of(whole("10.1.0.0/24"), bridge_network{}));
  const std::string ours = "gt-aaaaaaaaaaaa", mark = " -m comment --comment gantry gt-aaaaaaaaaaaa ";
  CHECK_THAT(rules, contains("nat -I POSTROUTING -s 10.1.0.0/24 ! -o " + ours + mark + "-j MASQUERADE"));
  CHECK_THAT(rules, contains("mangle -I FORWARD -o " + ours + " ! -i " + ours +
                             " -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT" + mark + "-j DROP"));
  CHECK_THAT(rules, contains("mangle -I FORWARD -i " + ours + " -o gantry0 "));
  auto definition = asked("10.1.0.0/24");
  definition.internal = true;
  rules = lines_of(bridge_of(complete(definition, {}).value(), bridge_network{}));
  CHECK_THAT(rules, !contains("MASQUERADE"));
  CHECK_THAT(rules, contains("mangle -I FORWARD -o " + ours + " ! -i " + ours + mark + "-j DROP"));
  CHECK_THAT(rules, contains("mangle -I FORWARD -i " + ours + " ! -o " + ours + mark + "-j DROP"));
  CHECK_THAT(lines_of(bridge_network{}), !contains("mangle")); // the engine's own bridge pays nothing for others
}

TEST_CASE("a port of a range is the first that is free") {
  port_table table;
  const key a{"docker", "a"}, b{"docker", "b"};
  const auto first = table.reserve(a, {{80, "tcp", "", 0}}).value().at(0).host_port;
  port_binding range{80, "tcp", "", first, static_cast<std::uint16_t>(first + 20)};
  const auto got = table.reserve(b, {range}).value().at(0);
  CHECK(got.host_port > first);
  CHECK(got.host_port_last == 0);
  range.host_port_last = first;
  CHECK_THAT(table.reserve(b, {range}).error().message, contains("all of these ports are already allocated"));
}

TEST_CASE("a name that would be more than one in the program's file stands in none") {
  const auto text =
      names_file("10.1.0.1", {{"c1", "10.1.0.2", {"Web", "web", "a,b", "x y", "z\nevil 10.0.0.1  bank"}, {}},
                              {"c2", "10.1.0.3", {"db"}, {"192.0.2.1", "fe80::1%eth0", "x", "fd00::1"}},
                              {"c3", "10.1.0.4", {"a b"}, {}}});
  CHECK(text == "10.1.0.1\nc1 10.1.0.2  web\nc2 10.1.0.3  db 192.0.2.1,fd00::1\n");
}

TEST_CASE("the socket of an address and port is told from others") {
  const std::string head =
      "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
  const std::string rest = " 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 ";
  const auto table = head + "  10: 0100010A:0035" + rest + "77 2 0\n  11: 0100010A:0036" + rest + "78 2 0\n";
  CHECK(find_udp_socket(table, "10.1.0.1", 53) == 77);
  CHECK(find_udp_socket(table, "10.1.0.1", 54) == 78);
  CHECK(find_udp_socket(table, "10.1.0.2", 53) == 0);
  CHECK(find_udp_socket("", "10.1.0.1", 53) == 0);
}
