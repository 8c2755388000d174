#include "tests/catch.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "runtime/network/bridge.hpp"
#include "runtime/network/cni/failure.hpp"
#include "runtime/network/host_rules.hpp"
#include "runtime/network/port_table.hpp"
#include "runtime/sys/unique_fd.hpp"
#include "tests/runtime/spec/fixture.hpp"

using namespace gantry;
using namespace gantry::network;
using gantry::test::contains;
using gantry::test::json;

namespace {

attachment end_with_port() {
  attachment end;
  end.id = "abc";
  end.namespace_path = "/run/netns/x";
  end.addresses = {"172.29.0.5"};
  end.ports = {{80, "tcp", "", 8080}, {53, "udp", "127.0.0.1", 53}};
  return end;
}

} // namespace

TEST_CASE("ports are published and withdrawn by the plugin portmap") {
  const auto add = publish_ports({}, end_with_port());
  CHECK(add.argv == std::vector<std::string>{"/usr/lib/cni/portmap"});
  CHECK(add.env[0] == "CNI_COMMAND=ADD");
  CHECK(add.env[1] == "CNI_CONTAINERID=abc");
  const auto conf = json::parse(add.input);
  CHECK(conf["name"] == "gantry");
  CHECK(conf["runtimeConfig"]["portMappings"][0]["hostPort"] == 8080);
  CHECK_FALSE(conf["runtimeConfig"]["portMappings"][0].contains("hostIP"));
  CHECK(conf["runtimeConfig"]["portMappings"][1]["hostIP"] == "127.0.0.1");
  CHECK(conf["prevResult"]["ips"][0]["address"] == "172.29.0.5/16");
  CHECK(conf["prevResult"]["interfaces"][0]["sandbox"] == "/run/netns/x");
  CHECK(withdraw_ports({}, end_with_port()).env[0] == "CNI_COMMAND=DEL");
}

TEST_CASE("ports of both families, or of one alone, are the plugin's to tell") {
  bridge_network network;
  network.subnets.push_back({"fd00:1::/64", "fd00:1::1"});
  auto end = end_with_port();
  end.addresses.emplace_back("fd00:1::5");
  end.ports = {{80, "tcp", "", 8080}, {81, "tcp", "::", 8081}, {82, "tcp", "0.0.0.0", 8082}};
  const auto conf = json::parse(publish_ports(network, end).input);
  CHECK(conf["prevResult"]["ips"][1]["address"] == "fd00:1::5/64");
  CHECK(conf["prevResult"]["ips"][1]["gateway"] == "fd00:1::1");
  const auto& mappings = conf["runtimeConfig"]["portMappings"];
  CHECK_FALSE(mappings[0].contains("hostIP"));
  CHECK(mappings[1]["hostIP"] == "::");
  CHECK(mappings[2]["hostIP"] == "0.0.0.0");
}

TEST_CASE("a plugin's failure is told in its own words") {
  const auto told =
      cni_failure("portmap", {1, R"({"cniVersion":"1.0.0","code":7,"msg":"bad subnet","details":"why"})", ""});
  CHECK(told.code == errc::invalid_argument);
  CHECK(told.message == "CNI plugin portmap: bad subnet: why");
  CHECK(cni_failure("bridge", {1, R"({"code":999,"msg":"no IP addresses available in range set"})", ""}).code ==
        errc::exhausted);
  CHECK_THAT(cni_failure("bridge", {127, "", "not found\n"}).message, contains("not found"));
  CHECK_THAT(cni_failure("bridge", {2, "{{", ""}).message, contains("status 2"));
}

TEST_CASE("an end of a network as the kernel is to have it") {
  bridge_network network;
  network.mtu = 1400;
  auto end = end_with_port();
  end.interface = "eth1";
  auto made = veth_of(network, end);
  CHECK(made.bridge == "gantry0");
  CHECK(made.interface == "eth1");
  REQUIRE(made.addresses.size() == 1);
  CHECK(made.addresses[0].prefix_length == 16);
  CHECK(made.addresses[0].gateway == "172.29.0.1");
  CHECK(made.mtu == 1400);
  end.default_route = false;
  CHECK(veth_of(network, end).addresses[0].gateway.empty());
  network.internal = end.default_route = true;
  CHECK(veth_of(network, end).addresses[0].gateway.empty());
  CHECK(link_of(network).addresses.at(0).ip == "172.29.0.1");
}

TEST_CASE("a network that cannot be is refused") {
  bridge_network network;
  CHECK(check(network));
  network.subnets[0].gateway = "10.0.0.1";
  CHECK_THAT(check(network).error().message, contains("within 172.29.0.0/16"));
  network = {};
  network.subnets[0].subnet = "fe80::/64";
  CHECK_FALSE(check(network));
  network = {};
  network.bridge = "much-too-long-a-name";
  CHECK_FALSE(check(network));
}

TEST_CASE("shared chains go only when nobody else uses them") {
  const std::string mine = "-N CNI-HOSTPORT-DNAT\n-N CNI-HOSTPORT-MASQ\n-N CNI-HOSTPORT-SETMARK\n"
                           "-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT\n";
  const auto count = [](const std::string& rules) { return clean_host({}, {rules, {}}).size(); };
  const auto none = count("");
  CHECK(count(mine) == none + 8);
  CHECK(count(mine + "-A CNI-HOSTPORT-DNAT -p tcp -j CNI-DN-1\n") == none);
}

TEST_CASE("a published port is taken once") {
  port_table table;
  const key a{"docker", "a"}, b{"docker", "b"};
  const auto free = table.reserve(a, {{80, "tcp", "", 0}, {53, "udp", "", 0}});
  REQUIRE(free);
  const auto port = (*free)[0].host_port;
  CHECK(port != 0);
  CHECK((*free)[1].host_port != 0);
  const auto taken = table.reserve(b, {{81, "tcp", "127.0.0.1", 0}, {80, "tcp", "", port}});
  REQUIRE_FALSE(taken);
  CHECK(taken.error().code == errc::already_exists);
  CHECK(taken.error().message == fmt::format("Bind for 0.0.0.0:{} failed: port is already allocated", port));
  CHECK(table.size() == 2);
  table.release(a);
  CHECK(table.size() == 0);
  CHECK(table.reserve(b, {{80, "tcp", "", port}}));
  table.restore(a, {{80, "tcp", "", port}});
  CHECK(table.size() == 2);
}

TEST_CASE("a port on which a program listens is refused") {
  const sys::unique_fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&name), sizeof name) == 0);
  REQUIRE(::listen(listener.get(), 1) == 0);
  socklen_t size = sizeof name;
  REQUIRE(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&name), &size) == 0);
  port_table table;
  CHECK(table.reserve({"docker", "a"}, {{80, "tcp", "", ntohs(name.sin_port)}}).error().code == errc::already_exists);
  CHECK_FALSE(table.reserve({"docker", "a"}, {{80, "tcp", "not-an-ip", 0}}));
  CHECK_FALSE(table.reserve({"docker", "a"}, {{80, "icmp", "", 0}}));
  CHECK_FALSE(table.reserve({"docker", "a"}, {{0, "tcp", "", 0}}));
}
