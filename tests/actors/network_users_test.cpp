#include "messages/domain/record_json.hpp"
#include "tests/actors/network_stage.hpp"

// Networks that users make. Attaching turns on the host's IPv4 forwarding (runtime/network/host_rules.hpp), hence
// [root].

namespace gantry::test {
namespace {

network_definition wanted(const std::string& name, const std::string& subnet, char digit = 'a') {
  network_definition made;
  made.name = {docker_namespace, std::string(64, digit)};
  made.display_name = name;
  made.subnets = {{subnet, {}, {}}};
  return made;
}

struct users_stage : network_stage {
  using network_stage::network_stage;
  answer<network_info> create(const std::string& name, const std::string& subnet, char digit = 'a') {
    return on.ask<network_info>(network, create_network{wanted(name, subnet, digit)});
  }
  answer<network_info> find(const std::string& name) {
    return on.ask<network_info>(network, find_network{docker_namespace, name});
  }
  static network_endpoint end(char digit = 'a') {
    network_endpoint made;
    made.network = made.asked.network = std::string(64, digit);
    made.names = {"web", "www"};
    made.default_route = true;
    return made;
  }
  answer<network_endpoint> join(int n, network_endpoint how = end(), std::vector<port_binding> ports = {}) {
    auto request = network_stage::request(n, std::move(ports));
    request.end = std::move(how);
    return on.ask<network_endpoint>(network, request);
  }
  answer<done> leave(int n, const network_endpoint& what) {
    return on.ask<done>(network, detach_network{sandbox(n), what, "", 0});
  }
  answer<done> remove(char digit = 'a') {
    return on.ask<done>(network, remove_network{{docker_namespace, std::string(64, digit)}});
  }
};

} // namespace

TEST_CASE("networks: one that is made is recorded, found by name, id and the beginning of it, and removed") {
  users_stage s;
  auto made = s.create("web", "10.1.0.0/24").value().network;
  CHECK(made.subnets.at(0).gateway == "10.1.0.1");
  REQUIRE(s.play.recorded.size() == 1);
  const auto& put = std::get<store::put_network>(s.play.recorded[0].changes.at(0));
  CHECK(network_from_json(put.record.json)->subnets.at(0).subnet == "10.1.0.0/24");
  CHECK(s.find("web").value().network.name.id == std::string(64, 'a'));
  CHECK(s.find("aaa").value().network.display_name == "web");
  CHECK(s.find("bridge").value().network.subnets.at(0).subnet == "172.29.0.0/16");
  CHECK(s.on.ask<network_list>(s.network, list_networks{docker_namespace}).value().networks.size() == 1);
  CHECK(s.on.ask<network_list>(s.network, list_networks{"k8s"}).value().networks.empty());
  CHECK(s.remove().ok());
  CHECK(std::holds_alternative<store::erase_network>(s.play.recorded.back().changes.at(0)));
  CHECK(s.find("web").why().message == "network web not found");
  CHECK(s.actions_of(event::subject::network) == std::vector<std::string>{"create", "destroy"});
  CHECK(s.steps.empty()); // nothing was on the host at any time
}

TEST_CASE("networks: a name, a subnet or a bridge that is taken is refused; the beginning of two ids is neither's") {
  users_stage s;
  (void)s.create("web", "10.1.0.0/24");
  CHECK(s.create("web", "10.2.0.0/24", 'b').why().message == "network with name web already exists");
  CHECK_THAT(s.create("other", "10.1.0.128/25", 'b').why().message, contains("Pool overlaps"));
  CHECK_THAT(s.create("other", "172.29.5.0/24", 'b').why().message, contains("Pool overlaps"));
  for (const auto* own : {"host", "default", "container:web"})
    CHECK(s.create(own, "10.2.0.0/24", 'b').why().code == errc::denied);
  auto same_link = wanted("other", "10.2.0.0/24", 'b');
  same_link.bridge = "gantry0";
  CHECK_THAT(s.on.ask<network_info>(s.network, create_network{same_link}).why().message, contains("gantry0"));
  auto twin = wanted("twin", "10.3.0.0/24");
  twin.name.id = "aab" + std::string(61, '0');
  (void)s.on.ask<network_info>(s.network, create_network{twin}).value();
  CHECK_THAT(s.find("aa").why().message, contains("ambiguous (2 matches"));
  CHECK(s.find("aab").ok());
}

TEST_CASE("networks: one that could not be recorded is not there") {
  users_stage s;
  s.play.fail("metadata.other");
  CHECK_FALSE(s.create("web", "10.1.0.0/24").ok());
  CHECK_FALSE(s.find("web").ok());
  s.play.failures.clear();
  CHECK(s.create("web", "10.1.0.0/24").ok());
}

TEST_CASE("networks: an end gets an address and its names are told, all before the answer", "[root]") {
  users_stage s;
  (void)s.create("web", "10.1.0.0/24");
  auto end = s.join(1).value();
  CHECK(end.attached);
  CHECK(end.default_route);
  CHECK(end.ip == "10.1.0.2");
  REQUIRE(s.connected.back().addresses.size() == 1);
  CHECK(s.connected.back().addresses[0].ip == "10.1.0.2");
  CHECK(s.connected.back().addresses[0].prefix_length == 24);
  REQUIRE(s.published.size() == 1);
  CHECK(s.published[0].address == "10.1.0.1");
  CHECK(s.published[0].known.at(0).names == std::vector<std::string>{"web", "www"});
  CHECK(s.join(2).value().ip == "10.1.0.3");
  CHECK(s.published.back().known.size() == 2);
  CHECK(s.find("web").value().users == 2);
}

TEST_CASE("networks: a static address is had once, and is free again after its end", "[root]") {
  users_stage s;
  (void)s.create("web", "10.1.0.0/24");
  auto how = users_stage::end();
  how.asked.address = "10.1.0.9";
  auto first = s.join(1, how).value();
  auto second = s.join(2, how);
  CHECK(second.why().code == errc::already_exists);
  CHECK_THAT(second.why().message, contains("Address already in use"));
  CHECK(s.leave(1, first).ok());
  CHECK(s.published.back().known.empty());
  CHECK(s.join(2, how).ok());
  how.asked.address = "10.2.0.1";
  CHECK(s.join(3, how).why().code == errc::invalid_argument);
}

TEST_CASE("networks: one with containers on it is not removed; without, its rules are gone before its record",
          "[root]") {
  users_stage s;
  (void)s.create("web", "10.1.0.0/24");
  auto end = s.join(1).value();
  auto refused = s.remove();
  CHECK(refused.why().code == errc::denied);
  CHECK_THAT(refused.why().message, contains("has active endpoints"));
  CHECK(s.leave(1, end).ok());
  CHECK(s.count("ip delete") == 0); // they linger
  CHECK(s.remove().ok());
  CHECK(s.steps.back() == "ip delete");
  CHECK(s.join(2).why().code == errc::not_found);
  CHECK(s.leave(1, end).ok()); // of a network that has gone, nothing is left
}

TEST_CASE("networks: an end whose names cannot be told is undone", "[root]") {
  users_stage s;
  (void)s.create("web", "10.1.0.0/24");
  s.play.fail("names.publish");
  CHECK(s.join(1).why().message == "names.publish failed");
  CHECK(s.count("disconnect") == 1);
  CHECK(s.find("web").value().users == 0);
  s.on.advance(2 * rules_linger);
  CHECK(s.steps.back() == "ip delete");
}

TEST_CASE("networks: an internal one is no way out, publishes nothing, and asks nobody", "[root]") {
  users_stage s;
  auto definition = wanted("inside", "10.1.0.0/24");
  definition.internal = true;
  (void)s.on.ask<network_info>(s.network, create_network{definition}).value();
  auto end = s.join(1, users_stage::end(), {{80, "tcp", "", 0}}).value();
  CHECK_FALSE(end.default_route);
  CHECK(s.connected.back().addresses.at(0).gateway.empty());
  CHECK(end.ports.empty());
  CHECK(s.published.back().known.at(0).servers == std::vector<std::string>{"255.255.255.255"});
}

namespace {

network_definition of_both_families(const std::string& subnet6 = "fd00:1::/64") {
  auto made = wanted("web", "10.1.0.0/24");
  made.ipv6 = true;
  if (!subnet6.empty()) made.subnets.push_back({subnet6, {}, {}});
  return made;
}

} // namespace

TEST_CASE("networks: of both families, an end has an address of each, and names lead to both", "[root]") {
  users_stage s;
  (void)s.on.ask<network_info>(s.network, create_network{of_both_families()}).value();
  const auto end = s.join(1).value();
  CHECK(end.ip == "10.1.0.2");
  CHECK(end.ip6.ip == "fd00:1::2");
  CHECK(end.ip6.gateway == "fd00:1::1");
  CHECK(end.ip6.prefix_length == 64);
  REQUIRE(s.connected.back().addresses.size() == 2);
  CHECK(s.connected.back().addresses[1].gateway == "fd00:1::1");
  CHECK(s.published.back().known.at(0).addresses == std::vector<std::string>{"10.1.0.2", "fd00:1::2"});
  CHECK(s.count("iptables -I") == 6);
  CHECK(s.count("ip6tables -I") == 6 - 1); // names are asked for by IPv4
  CHECK(s.leave(1, end).ok());
  CHECK(s.remove().ok());
  CHECK(s.count("ip6tables -D") == s.count("ip6tables -I"));
}

TEST_CASE("networks: of both families, addresses are had whole or not at all, and are free again", "[root]") {
  users_stage s;
  (void)s.on.ask<network_info>(s.network, create_network{of_both_families()}).value();
  auto how = users_stage::end();
  how.asked.address = "10.1.0.9";
  how.asked.address6 = "fd00:1::9";
  const auto first = s.join(1, how).value();
  how.asked.address = "10.1.0.10";
  CHECK_THAT(s.join(2, how).why().message, contains("Address already in use: fd00:1::9"));
  how.asked.address6 = "fd00:1::a";
  CHECK(s.join(2, how).ok()); // the address of IPv4 was given back
  CHECK(s.leave(1, first).ok());
  CHECK(s.join(3, first).ok());
  how.asked.address = "10.1.0.11";
  how.asked.address6 = "fd00:2::1";
  CHECK_THAT(s.join(4, how).why().message, contains("no configured subnet"));
}

TEST_CASE("networks: an IPv6 address or port on a network without is refused", "[root]") {
  users_stage s;
  (void)s.create("web", "10.1.0.0/24");
  auto how = users_stage::end();
  how.asked.address6 = "fd00:1::9";
  CHECK_THAT(s.join(1, how).why().message, contains("it has no IPv6"));
  CHECK_THAT(s.join(1, users_stage::end(), {{80, "tcp", "fd00:2::1", 0}}).why().message,
             contains("port 80 cannot be published at fd00:2::1"));
  CHECK(s.join(1, users_stage::end(), {{80, "tcp", "::", 0}}).value().ports.at(0).host_ip == "0.0.0.0");
}

TEST_CASE("networks: IPv6 without a subnet is of the engine's own") {
  users_stage s;
  auto definition = of_both_families("");
  const auto made = s.on.ask<network_info>(s.network, create_network{definition}).value().network;
  REQUIRE(made.subnets.size() == 2);
  CHECK(made.subnets[1].subnet == "fd01:2345:6789::/64");
  CHECK(made.subnets[1].gateway == "fd01:2345:6789::1");
  definition.name.id = std::string(64, 'b');
  definition.display_name = "next";
  definition.subnets = {};
  CHECK(s.on.ask<network_info>(s.network, create_network{definition}).value().network.subnets.at(1).subnet ==
        "fd01:2345:6789:1::/64");
}

TEST_CASE("networks: the way out moves, and the ports go with it, of both families", "[root]") {
  users_stage s;
  (void)s.on.ask<network_info>(s.network, create_network{of_both_families()}).value();
  auto how = users_stage::end();
  how.default_route = false;
  move_default_route request{network_stage::request(1, {{80, "tcp", "", 0}})};
  request.to.end = s.join(1, how).value();
  request.to.end.default_route = true;
  CHECK(s.on.ask<network_endpoint>(s.network, request).value().ports.at(0).host_ip.empty()); // all of both
  REQUIRE(s.requests.size() > 1);
  CHECK(s.requests.end()[-2].input ==
        "route replace default via 10.1.0.1 dev eth0\nroute replace default via fd00:1::1 dev eth0\n");
  CHECK_THAT(s.requests.back().input, contains("fd00:1::2/64"));
}

TEST_CASE("networks: the way out moves, and the ports go with it", "[root]") {
  users_stage s;
  (void)s.create("web", "10.1.0.0/24");
  auto how = users_stage::end();
  how.default_route = false;
  auto end = s.join(1, how, {{80, "tcp", "", 0}}).value();
  CHECK(end.ports.empty());
  move_default_route request{network_stage::request(1, {{80, "tcp", "", 0}})};
  request.to.end = end;
  request.to.end.default_route = true;
  auto moved = s.on.ask<network_endpoint>(s.network, request).value();
  CHECK(moved.default_route);
  CHECK(moved.ports.at(0).host_port != 0);
  CHECK(s.steps.end()[-2] == "nsenter ");
  CHECK(s.steps.back() == "portmap ADD");
}

TEST_CASE("networks: what a recovery tells is taken, and told to the name server once all of it is") {
  users_stage s({wanted("web", "10.1.0.0/24")});
  auto end = users_stage::end();
  end.ip = "10.1.0.2";
  end.attached = true;
  end.ports = {{80, "tcp", "", 34567}};
  s.on.say(s.network, recover_endpoint{network_stage::sandbox(1), end, {"192.0.2.1"}});
  CHECK(s.published.empty());
  s.on.say(s.network, endpoints_recovered{});
  REQUIRE(s.published.size() == 1);
  CHECK(s.published[0].known.at(0).servers == std::vector<std::string>{"192.0.2.1"});
  CHECK(s.names_forgotten == 1);
  auto how = users_stage::end();
  how.asked.address = "10.1.0.2";
  CHECK(s.join(2, how).why().code == errc::already_exists);
  CHECK_THAT(s.remove().why().message, contains("has active endpoints"));
}

TEST_CASE("networks: a recovery takes the addresses of both families") {
  auto definition = of_both_families();
  definition.subnets = {{"10.1.0.0/24", "10.1.0.1", {}}, {"fd00:1::/64", "fd00:1::1", {}}};
  users_stage s({definition});
  auto end = users_stage::end();
  end.ip = "10.1.0.2";
  end.ip6 = {"fd00:1::2", "fd00:1::1", 64};
  end.attached = true;
  s.on.say(s.network, recover_endpoint{network_stage::sandbox(1), end, {}});
  s.on.say(s.network, endpoints_recovered{});
  CHECK(s.published.at(0).known.at(0).addresses == std::vector<std::string>{"10.1.0.2", "fd00:1::2"});
  auto how = users_stage::end();
  how.asked.address6 = "fd00:1::2";
  CHECK(s.join(2, how).why().code == errc::already_exists);
}

TEST_CASE("networks: a container that is renamed is found by its new name") {
  users_stage s({wanted("web", "10.1.0.0/24")});
  auto end = users_stage::end();
  end.ip = "10.1.0.2";
  s.on.say(s.network, recover_endpoint{network_stage::sandbox(1), end, {}});
  end.names.front() = "site";
  s.on.say(s.network, rename_endpoint{network_stage::sandbox(1), end});
  CHECK(s.published.back().known.at(0).names.front() == "site");
}

} // namespace gantry::test
