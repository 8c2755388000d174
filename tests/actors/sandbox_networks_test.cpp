#include "tests/actors/sandbox_stage.hpp"

// A sandbox on networks that users made (actors/sandbox_networks.cpp).

namespace gantry::test {
namespace {

endpoint_options on_network(char digit, std::vector<std::string> aliases = {}) {
  return {std::string(64, digit), std::string("net-") + digit, {}, {}, std::move(aliases)};
}

struct networks_stage : sandbox_stage {
  explicit networks_stage(const std::vector<endpoint_options>& networks) : sandbox_stage("net-a", false) {
    for (const auto& one : networks) request.record.endpoints.push_back(detached(one));
    request.options.networks = networks;
    (void)on.ask<done>(sandbox, request).value();
    container_record r;
    r.name = r.sandbox = container_key();
    r.display_name = "web";
    r.options = request.options;
    (void)on.ask<done>(parts->catalog,
                       restore_container{std::make_shared<const container_record>(r), container, sandbox});
  }
  answer<done> connect(const endpoint_options& how) { return on.ask<done>(sandbox, connect_network{how}); }
  answer<done> disconnect(char digit) { return on.ask<done>(sandbox, disconnect_network{std::string(64, digit)}); }
  std::vector<network_endpoint> ends() { return record().endpoints; }
};

} // namespace

TEST_CASE("sandbox networks: all are attached before the start, one as the way out, each with an interface") {
  networks_stage s({on_network('a', {"www"}), on_network('b')});
  CHECK(s.start().ok());
  CHECK(s.play.count("network.attach_network") == 2);
  auto ends = s.ends();
  REQUIRE(ends.size() == 2);
  CHECK(ends[0].interface == "eth0");
  CHECK(ends[1].interface == "eth1");
  CHECK(ends[0].default_route);
  CHECK_FALSE(ends[1].default_route);
  CHECK(ends[0].names == std::vector<std::string>{"web", "www", std::string(12, 'c')});
  CHECK(s.launched.at(0).endpoints.size() == 2);
  CHECK(s.table()->endpoints.at(0).size() == 2);
  s.stopped();
  CHECK(s.play.count("network.detach_network") == 2);
  CHECK(s.ends().size() == 2); // it is on them again when it starts
  CHECK(s.ends()[0].ip.empty());
}

TEST_CASE("sandbox networks: an interface has the name that was asked for, and the others the names that are left") {
  auto named = on_network('b');
  named.interface = "eth0";
  networks_stage s({on_network('a'), named});
  CHECK(s.start().ok());
  CHECK(s.ends().at(0).interface == "eth1");
  CHECK(s.ends().at(1).interface == "eth0");
  CHECK(s.connect(on_network('d')).ok());
  CHECK(s.ends().at(2).interface == "eth2");
}

TEST_CASE("sandbox networks: when the second cannot be attached, the first is detached") {
  networks_stage s({on_network('a'), on_network('b')});
  s.play.held.insert("network.attach_network");
  auto started = s.start();
  s.play.held.clear();
  s.release("network.attach_network");
  CHECK(started.ok());
  s.stopped();
  s.play.fail("network.attach_network");
  CHECK_FALSE(s.start().ok());
  CHECK_FALSE(s.ends()[0].attached);
  CHECK_FALSE(s.ends()[1].attached);
}

TEST_CASE("sandbox networks: one that does not run is connected in its record alone") {
  networks_stage s({on_network('a')});
  CHECK(s.connect(on_network('b', {"db"})).ok());
  CHECK_FALSE(s.play.asked("network.attach_network"));
  CHECK(s.ends().at(1).asked.aliases == std::vector<std::string>{"db"});
  CHECK(s.connect(on_network('b')).why().code == errc::denied);
  CHECK(s.disconnect('a').ok());
  CHECK(s.disconnect('a').why().code == errc::failed_precondition);
  CHECK(s.start().ok());
  CHECK(s.play.count("network.attach_network") == 1);
}

TEST_CASE("sandbox networks: one that runs is connected at once; what fails leaves no trace on record") {
  networks_stage s({on_network('a')});
  (void)s.start();
  CHECK(s.connect(on_network('b')).ok());
  CHECK(s.ends().at(1).attached);
  CHECK(s.ends().at(1).interface == "eth1");
  CHECK(s.play.in_order("metadata.put_sandbox", "network.attach_network"));
  s.play.fail("network.attach_network");
  CHECK_FALSE(s.connect(on_network('d')).ok());
  CHECK(s.ends().size() == 2);
}

TEST_CASE("sandbox networks: the way out goes to the next network when its own is left") {
  networks_stage s({on_network('a'), on_network('b')});
  (void)s.start();
  CHECK(s.disconnect('b').ok());
  CHECK_FALSE(s.play.asked("network.move_default_route"));
  CHECK(s.connect(on_network('b')).ok());
  CHECK(s.disconnect('a').ok());
  CHECK(s.play.count("network.move_default_route") == 1);
  CHECK(s.ends().at(0).default_route);
  CHECK(s.connect(on_network('a')).ok());
  CHECK(s.ends().at(1).interface == "eth0"); // free again
}

TEST_CASE("sandbox networks: a container without a network of its own is connected to none") {
  sandbox_stage host("host"), none("none"), joined("container:x");
  for (auto* s : {&host, &none, &joined})
    CHECK(s->on.ask<done>(s->sandbox, connect_network{on_network('a')}).why().code == errc::denied);
}

TEST_CASE("sandbox networks: a start that comes while a network is connected waits for that") {
  networks_stage s({on_network('a')});
  (void)s.start();
  s.play.held.insert("network.attach_network");
  auto connected = s.connect(on_network('b'));
  s.stopped();
  CHECK_FALSE(s.play.asked("network.detach_network"));
  s.release("network.attach_network");
  CHECK(connected.ok());
  CHECK(s.play.count("network.detach_network") == 2);
}

TEST_CASE("sandbox networks: a new name is told to the networks of a container that runs") {
  networks_stage s({on_network('a')});
  s.on.say(s.sandbox, container_renamed{"site"});
  CHECK_FALSE(s.play.asked("network.rename_endpoint"));
  (void)s.start();
  s.on.say(s.sandbox, container_renamed{"site"});
  CHECK(s.play.asked("network.rename_endpoint"));
  CHECK(s.ends().at(0).names.front() == "site");
}

TEST_CASE("sandbox networks: publish-all adds what is exposed to what is published") {
  container_options options;
  options.ports = {{80, "tcp", "", 8080}};
  options.exposed_ports = {"80/tcp", "53/udp", "9000-9002", "443"};
  auto ports = all_ports_of(options);
  REQUIRE(ports.size() == 6);
  CHECK(ports[1].protocol == "udp");
  CHECK(ports[4].container_port == 9002);
  CHECK(ports[5].container_port == 443);
  options.exposed_ports = {"0/tcp", "65535-70000", "x", ""};
  CHECK(all_ports_of(options).size() == 2);
}

} // namespace gantry::test
