#include "tests/actors/network_stage.hpp"

// Attaching turns on the host's IPv4 forwarding (runtime/network/host_rules.hpp), hence [root].

namespace gantry::test {
namespace {

port_binding web_port(std::uint16_t host_port) { return {80, "tcp", "", host_port}; }

} // namespace

TEST_CASE("network: the host's rules are made once, before the first attachment", "[root]") {
  network_stage s;
  CHECK(s.attach(1).value().ip == "172.29.0.2");
  auto rules = s.count("iptables -I");
  CHECK(rules > 0);
  auto first = std::find(s.steps.begin(), s.steps.end(), "connect");
  CHECK(std::find(first, s.steps.end(), "iptables -I") == s.steps.end());
  CHECK(s.count("make bridge") == 1);
  CHECK(*std::prev(first) == "make bridge");
  CHECK(s.attach(2).ok());
  CHECK(s.count("iptables -I") == rules);
  CHECK(s.count("connect") == 2);
}

TEST_CASE("network: the rules linger after the last detachment, then go, and come back with the next attachment",
          "[root]") {
  network_stage s;
  (void)s.attach(1);
  (void)s.attach(2);
  auto rules = s.count("iptables -I");
  CHECK(s.detach(1).ok());
  s.on.advance(2 * rules_linger);
  CHECK(s.detach(2).ok());
  s.on.advance(rules_linger / 2);
  CHECK(s.count("iptables -D") == 0);
  s.on.advance(rules_linger);
  CHECK(s.count("iptables -D") >= rules);
  CHECK(s.count("ip delete") == 1);
  CHECK(s.steps.back() == "ip delete");
  CHECK(s.attach(3).ok());
  CHECK(s.count("iptables -I") == 2 * rules);
}

TEST_CASE("network: who comes while the rules linger finds them, and has them stay", "[root]") {
  network_stage s;
  (void)s.attach(1);
  auto rules = s.count("iptables -I");
  CHECK(s.detach(1).ok());
  s.on.advance(rules_linger / 2);
  CHECK(s.attach(2).ok());
  CHECK(s.count("iptables -I") == rules);
  s.on.advance(2 * rules_linger);
  CHECK(s.count("iptables -D") == 0);

  CHECK(s.detach(2).ok()); // its time starts anew
  CHECK(s.attach(3).ok());
  s.on.advance(rules_linger - std::chrono::seconds(1));
  CHECK(s.detach(3).ok());
  s.on.advance(std::chrono::seconds(2));
  CHECK(s.count("iptables -D") == 0);
  s.on.advance(2 * rules_linger);
  CHECK(s.count("iptables -D") >= rules);
}

TEST_CASE("network: when the engine ends, rules linger no more, and it waits until they are gone", "[root]") {
  network_stage s;
  (void)s.attach(1);
  (void)s.attach(2);
  CHECK(s.detach(1).ok());
  CHECK(s.detach(2).ok());
  s.play.held.insert("launcher.run_process");
  auto drained = s.on.ask_later<done>(s.network, drain_network{});
  s.on.run();
  CHECK_FALSE(drained.here());
  s.play.held.clear();
  s.release("launcher.run_process");
  s.on.run();
  CHECK(drained.ok());
  CHECK(s.steps.back() == "ip delete");
}

TEST_CASE("network: attachments that come while the rules are made wait; then a bounded number runs at once",
          "[root]") {
  network_stage s;
  s.play.held.insert("launcher.run_process");
  std::vector<answer<network_endpoint>> answers;
  for (int i = 0; i < 20; ++i) answers.push_back(s.attach(i));
  CHECK(s.play.waiting["launcher.run_process"].size() == 1);
  s.play.held.clear();
  s.release("launcher.run_process");
  for (const auto& a : answers) CHECK(a.ok());

  s.play.held.insert("links.connect");
  for (int i = 20; i < 40; ++i) answers.push_back(s.attach(i));
  CHECK(s.play.waiting["links.connect"].size() == max_network_operations);
  s.play.held.clear();
  s.release("links.connect");
  for (const auto& a : answers) CHECK(a.ok());
}

TEST_CASE("network: a port that another sandbox has is refused, and free again after its detachment", "[root]") {
  network_stage s;
  auto taken = s.attach(1, {web_port(0)}).value().ports.at(0);
  CHECK(taken.host_port != 0);
  auto refused = s.attach(2, {web_port(taken.host_port)});
  CHECK(refused.why().code == errc::already_exists);
  CHECK_THAT(refused.why().message, contains("port is already allocated"));
  CHECK(s.count("connect") == 1);
  CHECK(s.detach(1).ok());
  CHECK(s.attach(2, {web_port(taken.host_port)}).ok());
}

TEST_CASE("network: an attachment that fails is undone, and its port is free", "[root]") {
  network_stage s;
  auto port = s.attach(1, {web_port(0)}).value().ports.at(0).host_port;
  (void)s.detach(1);
  s.play.fail("links.connect");
  auto refused = s.attach(2, {web_port(port)});
  CHECK_THAT(refused.why().message, contains("links.connect failed"));
  s.on.advance(2 * rules_linger);
  CHECK(s.steps.back() == "ip delete"); // it was the only one: the rules went, too
  CHECK(std::find(s.steps.rbegin(), s.steps.rend(), "disconnect") != s.steps.rend());
  s.play.failures.clear();
  CHECK(s.attach(3, {web_port(port)}).ok());
}

TEST_CASE("network: rules that cannot be made fail the attachment, and are tried again with the next", "[root]") {
  network_stage s;
  s.failing = {"iptables -I"};
  CHECK(s.attach(1).why().code == errc::unavailable);
  CHECK(s.count("connect") == 0);
  s.failing.clear();
  CHECK(s.attach(2).ok());
}

TEST_CASE("network: of rules that could be made in part alone, none stays", "[root]") {
  network_stage s;
  s.failing = {"iptables -I"};
  (void)s.attach(1);
  CHECK(s.count("iptables -D") > 0);
  CHECK(s.steps.back() == "ip delete");
}

TEST_CASE("network: what a crash left being detached does not mean that the rules are there", "[root]") {
  network_stage s; // as after a reboot: records of endpoints, no rules
  auto old = s.on.ask_later<done>(
      s.network, detach_network{network_stage::sandbox(1), network_endpoint{"bridge", "", "", "", 0, {}}, "", 0});
  auto attached = s.attach(2);
  CHECK(old.ok());
  CHECK(attached.ok());
  CHECK(s.count("iptables -I") > 0);
}

TEST_CASE("network: a detachment that fails keeps the port and the rules") {
  network_stage s;
  s.on.say(s.network,
           recover_endpoint{network_stage::sandbox(1), {"bridge", "172.29.0.2", "", "", 16, {web_port(34567)}}, {}});
  s.failing = {"portmap DEL"};
  CHECK_THAT(s.detach(1, {web_port(34567)}).why().message, contains("try again"));
  CHECK(s.count("disconnect") == 1); // all the same
  CHECK(s.count("ip delete") == 0);
  s.failing.clear();
  CHECK(s.detach(1, {web_port(34567)}).ok());
  CHECK(s.count("ip delete") == 1);
}

TEST_CASE("network: ports that cannot be published undo the end, in the plugin's words", "[root]") {
  network_stage s;
  s.failing = {"portmap ADD"};
  CHECK_THAT(s.attach(1, {web_port(0)}).why().message, contains("CNI plugin portmap: try again"));
  CHECK(s.count("portmap DEL") == 1);
  CHECK(s.count("disconnect") == 1);
  s.failing.clear();
  auto request = network_stage::request(2);
  request.end.asked.address = "172.29.0.2";
  CHECK(s.on.ask<network_endpoint>(s.network, request).value().ip == "172.29.0.2"); // its address is free
}

TEST_CASE("network: an end has an address of its own, the way out, and what its user asked", "[root]") {
  network_stage s;
  auto first = s.attach(1).value();
  CHECK(first.ip == "172.29.0.2");
  CHECK(first.prefix_length == 16);
  CHECK(first.mac == "02:00:00:00:00:01");
  CHECK(s.attach(2).value().ip == "172.29.0.3");
  CHECK(s.detach(1).ok());
  auto request = network_stage::request(3);
  request.end.asked.mac = "02:00:00:00:00:99";
  CHECK(s.on.ask<network_endpoint>(s.network, request).ok());
  REQUIRE(s.connected.size() == 3);
  CHECK(s.connected[2].bridge == "gantry0");
  CHECK(s.connected[2].addresses.at(0).gateway == "172.29.0.1");
  CHECK(s.connected[2].mac == "02:00:00:00:00:99");
  CHECK(s.connected[2].namespace_path == "/proc/1/ns/net");
}

TEST_CASE("network: a sandbox found again keeps its port") {
  network_stage s;
  s.on.say(s.network,
           recover_endpoint{network_stage::sandbox(1), {"bridge", "172.29.0.2", "", "", 16, {web_port(34567)}}, {}});
  CHECK(s.attach(2, {web_port(34567)}).why().code == errc::already_exists);
}

TEST_CASE("network: an unknown network is not found, and nothing runs") {
  network_stage s;
  auto request = network_stage::request(1);
  request.end.network = "nope";
  CHECK(s.on.ask<network_endpoint>(s.network, request).why().code == errc::not_found);
  CHECK(s.steps.empty());
}

} // namespace gantry::test
