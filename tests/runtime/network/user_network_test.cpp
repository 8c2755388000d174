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
  made.subnets = {{subnet, {}, {}}};
  return made;
}

network_definition asked6(const std::string& subnet6) {
  auto made = asked("10.1.0.0/24");
  made.ipv6 = true;
  if (!subnet6.empty()) made.subnets.push_back({subnet6, {}, {}});
  return made;
}

const auto own = unique_local_of("0123456789abcdef");

network_definition whole(const std::string& subnet) { return complete(asked(subnet), {}, own).value(); }
network_definition whole6(const std::string& subnet6) { return complete(asked6(subnet6), {}, own).value(); }
std::string subnet_of(const network_definition& of, std::size_t which = 0) { return of.subnets.at(which).subnet; }

subnet net(const std::string& text) { return parse_subnet(text).value(); }

std::string refusal(const network_definition& of, const std::vector<subnet>& taken = {}) {
  auto made = complete(of, taken, own);
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
  CHECK(net("10.0.0.0/24").last() == parse_ip("10.0.0.255"));
  CHECK(net("10.0.0.0/24").overlaps(net("10.0.0.128/25")));
  CHECK_FALSE(net("10.0.0.0/24").overlaps(net("10.0.1.0/24")));
  CHECK(net("0.0.0.0/0").contains(net("255.255.255.255/32")));
  for (const auto* text : {"", "/16", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/1x", "10.0.0/8",
                           "fd00::/129", "fd00::1::/64", "fe80::%eth0/64", "010.0.0.0/8 ", "10.0.0.0/8\n"})
    CHECK_FALSE(parse_subnet(text));
}

TEST_CASE("subnets of IPv6 are the same, and never those of IPv4") {
  CHECK(to_string(net("FD00:0001::5/64")) == "fd00:1::/64");
  CHECK(net("fd00::/61").last() == parse_ip("fd00:0:0:7:ffff:ffff:ffff:ffff"));
  CHECK(net("fd00::/8").contains(net("fdff::/16")));
  CHECK_FALSE(net("::/0").contains(*parse_ip("1.2.3.4")));
  CHECK_FALSE(net("0.0.0.0/0").overlaps(net("::/0")));
  CHECK(to_string(parse_ip("fd00::ffff")->next()) == "fd00::1:0");
  CHECK(to_string(parse_ip("10.0.0.255")->next()) == "10.0.1.0");
}

TEST_CASE("the host's routes of IPv6 are read as the kernel prints them; what is refused is free") {
  const std::string none(32, '0'), rest = " 00000100 00000001 00000000 ";
  auto routes = parse_routes6("fd000001000000000000000000000000 40 " + none + " 00 " + none + rest +
                              "00000001     br0\n" + none + " 00 " + none + " 00 " + none + rest +
                              "00450003    eth0\n" + "fc000000000000000000000000000000 07 " + none + " 00 " + none +
                              rest + "00200200      lo\n" + "fd0000010000000000000000000000zz 40\nnonsense\n");
  REQUIRE(routes.size() == 1);
  CHECK(to_string(routes[0]) == "fd00:1::/64");
}

TEST_CASE("the host's routes are read as the kernel prints them") {
  auto routes = parse_routes("Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
                             "eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
                             "eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\nnonsense\n");
  REQUIRE(routes.size() == 1);
  CHECK(to_string(routes[0]) == "172.17.0.0/16");
}

TEST_CASE("a network that names no subnet gets one that nobody has") {
  CHECK(subnet_of(whole("")) == "172.17.0.0/16");
  CHECK(whole("").subnets[0].gateway == "172.17.0.1");
  CHECK(whole("").bridge == "gt-aaaaaaaaaaaa");
  auto next = complete(asked(), {net("172.16.0.0/14"), net("172.20.1.0/24")}, own).value();
  CHECK(subnet_of(next) == "172.21.0.0/16");
  CHECK(subnet_of(complete(asked(), {net("172.16.0.0/12")}, own).value()) == "192.168.0.0/20");
  CHECK(complete(asked(), {net("172.16.0.0/12"), net("192.168.0.0/16")}, own).error().code == errc::exhausted);
}

TEST_CASE("a network of both families has a subnet of each, IPv4's first") {
  auto made = whole6("FD00:9::/64");
  REQUIRE(made.subnets.size() == 2);
  CHECK(made.subnets[1].subnet == "fd00:9::/64");
  CHECK(made.subnets[1].gateway == "fd00:9::1");
  std::swap(made.subnets[0], made.subnets[1]);
  made.subnets[0].gateway = "FD00:9::00FE";
  made = complete(made, {}, own).value();
  CHECK(subnet_of(made) == "10.1.0.0/24");
  CHECK(made.subnets[1].gateway == "fd00:9::fe");
  auto alone = asked6("fd00:9::/64");
  alone.subnets.erase(alone.subnets.begin()); // IPv4's is found for it
  CHECK(subnet_of(complete(alone, {}, own).value()) == "172.17.0.0/16");
}

TEST_CASE("IPv6 without a subnet is of the engine's own, as far as nobody has it") {
  CHECK(subnet_of(whole6(""), 1) == "fd01:2345:6789::/64");
  const auto next = complete(asked6(""), {net("fd01:2345:6789::/63")}, own).value();
  CHECK(subnet_of(next, 1) == "fd01:2345:6789:2::/64");
  CHECK(complete(asked6(""), {net("fd00::/8")}, own).error().code == errc::exhausted);
}

TEST_CASE("IPv6 that a network cannot have is refused by what is wrong with it") {
  CHECK_THAT(refusal(asked6("fd00:9::/64"), {net("fd00:9::5/128")}), contains("Pool overlaps"));
  CHECK_THAT(refusal(asked6("fd00:9::/127")), contains("/8 to /126"));
  for (const auto* special : {"ff02::/64", "fe80::/64", "::ffff:10.0.0.0/104", "::/64"})
    CHECK_THAT(refusal(asked6(special)), contains("a meaning of their own"));
  auto one = asked6("fd00:9::/64");
  one.subnets[1].gateway = "10.1.0.1";
  CHECK_THAT(refusal(one), contains("gateway \"10.1.0.1\" is not an address of fd00:9::/64"));
  one = asked6("fd00:9::/64");
  one.subnets[1].ip_range = "10.1.0.0/25";
  CHECK_THAT(refusal(one), contains("not a part of fd00:9::/64"));
  one = asked6("fd00:9::/64");
  one.ipv6 = false;
  CHECK_THAT(refusal(one), contains("needs EnableIPv6"));
  one = asked6("fd00:9::/64");
  one.mtu = 1000;
  CHECK_THAT(refusal(one), contains("IPv6 needs an MTU of 1280"));
  for (const auto* more : {"10.2.0.0/24", "fd00:8::/64"}) {
    one = asked6("fd00:9::/64");
    one.subnets.push_back({more, {}, {}});
    CHECK_THAT(refusal(one), contains("bridge driver doesn't support multiple subnets"));
  }
}

TEST_CASE("a network that cannot be is refused by what is wrong with it") {
  CHECK_THAT(refusal(asked("172.30.0.0/16"), {net("172.30.4.0/24")}), contains("Pool overlaps"));
  CHECK_THAT(refusal(asked("10.0.0.0/30")), contains("/8 to /29"));
  CHECK_THAT(refusal(asked("10.1.0.0")), contains("is not a subnet"));
  auto one = asked("10.1.0.0/24");
  one.subnets[0].gateway = "10.2.0.1";
  CHECK_THAT(refusal(one), contains("gateway \"10.2.0.1\" is not an address of 10.1.0.0/24"));
  one = asked("10.1.0.0/24");
  one.subnets[0].ip_range = "10.1.0.0/16";
  CHECK_THAT(refusal(one), contains("not a part of"));
  one = asked("10.1.0.0/24");
  one.subnets[0].reserved = {{"router", "10.1.0.255"}};
  CHECK_THAT(refusal(one), contains("auxiliary address"));
  one = asked();
  one.subnets[0].gateway = "10.1.0.1";
  CHECK_THAT(refusal(one), contains("need a subnet"));
  for (const auto* link : {"../../x", "all", "default", "..", "a-name-too-long-"}) {
    one = asked();
    one.bridge = link;
    CHECK_THAT(refusal(one), contains("not a link's name"));
  }
  one = asked();
  one.host_address = "here";
  CHECK_THAT(refusal(one), contains("not an IPv4 address"));
  const std::string long_name(256, 'a');
  for (const auto* name : {"", " ", "a\n", "\x7f", long_name.c_str()}) {
    one.display_name = name;
    CHECK_THAT(refusal(one), contains("invalid n"));
  }
  for (const auto* name : {"a b", "-a", ".a", "a/b", "\xc3\xa9"}) CHECK(check_network_name(name));
}

TEST_CASE("addresses are given one after the other, and never twice") {
  address_pool pool("web", whole("10.1.0.0/29").subnets[0]);
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
  definition.subnets[0].ip_range = "10.1.0.128/30";
  definition.subnets[0].reserved = {{"printer", "10.1.0.129"}};
  address_pool pool("web", complete(definition, {}, own)->subnets[0]);
  pool.restore("10.1.0.128");
  CHECK(pool.take("").value() == "10.1.0.130");
  CHECK(pool.take("10.1.0.7").value() == "10.1.0.7"); // asked for, it may lie beside the range
  pool.give_back("10.1.0.7");
  CHECK(pool.take("").value() == "10.1.0.131");
  CHECK(pool.take("").error().code == errc::exhausted);
  CHECK_FALSE(pool.take("10.1.0.129"));
}

TEST_CASE("addresses of IPv6 are given alike, the last of a subnet too") {
  address_pool pool("web", whole6("fd00:9::/126").subnets[1]);
  CHECK(pool.take("").value() == "fd00:9::2"); // :: is all routers', ::1 the gateway's
  CHECK(pool.take("").value() == "fd00:9::3");
  CHECK(pool.take("").error().code == errc::exhausted);
  pool.give_back("fd00:9:0:0::3");
  CHECK(pool.take("FD00:9::3").value() == "fd00:9::3");
  for (const auto* other : {"fd00:9::", "fd00:9::1", "fd00:9::4", "10.1.0.2", "x"})
    CHECK(pool.take(other).error().code == errc::invalid_argument);
}

TEST_CASE("the rules of IPv6 are those of IPv4, and a network without has none") {
  const auto rules = lines_of(bridge_of(whole6("fd00:9::/64"), bridge_network{}));
  const std::string ours = "gt-aaaaaaaaaaaa";
  CHECK_THAT(rules, contains("ip6tables -w -t nat -I POSTROUTING -s fd00:9::/64 ! -o " + ours));
  CHECK_THAT(rules, contains("ip6tables -w -t mangle -I FORWARD -o " + ours + " ! -i " + ours));
  CHECK_THAT(lines_of(bridge_of(whole("10.1.0.0/24"), bridge_network{})), !contains("ip6tables"));
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
  rules = lines_of(bridge_of(complete(definition, {}, own).value(), bridge_network{}));
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

TEST_CASE("a port is one family's or both's") {
  port_table table;
  const key a{"docker", "a"}, b{"docker", "b"}, c{"docker", "c"};
  const auto port = port_table().reserve(a, {{80, "tcp", "", 0}}).value().at(0).host_port; // free in both now
  CHECK(table.reserve(a, {{80, "tcp", "::", port}}));
  CHECK(table.reserve(b, {{80, "tcp", "0.0.0.0", port}}));
  CHECK_THAT(table.reserve(c, {{80, "tcp", "", port}}).error().message, contains("port is already allocated"));
  CHECK_THAT(table.reserve(c, {{80, "tcp", "::1", port}}).error().message, contains(fmt::format("[::1]:{}", port)));
}

TEST_CASE("a name that would be more than one in the program's file stands in none") {
  const auto text =
      names_file("10.1.0.1", {{"c1", {"10.1.0.2"}, {"Web", "web", "a,b", "x y", "z\nevil 10.0.0.1  bank"}, {}},
                              {"c2", {"10.1.0.3"}, {"db"}, {"192.0.2.1", "fe80::1%eth0", "x", "fd00::1"}},
                              {"c3", {"10.1.0.4"}, {"a b"}, {}},
                              {"c4", {"10.1.0.5", "fd00::5"}, {"six"}, {}}});
  CHECK(text == "10.1.0.1\nc1 10.1.0.2  web\nc2 10.1.0.3  db 192.0.2.1,fd00::1\nc4 10.1.0.5 fd00::5 six\n");
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
