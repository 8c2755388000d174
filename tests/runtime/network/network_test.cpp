#include "tests/catch.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "runtime/network/bridge.hpp"
#include "runtime/network/host_rules.hpp"
#include "runtime/network/port_table.hpp"
#include "runtime/sys/unique_fd.hpp"
#include "tests/runtime/spec/fixture.hpp"

using namespace gantry;
using namespace gantry::network;
using gantry::test::contains;
using gantry::test::json;

namespace {

bridge_network plain() {
  bridge_network network;
  network.data_dir = "/var/lib/gantry/network/ipam";
  return network;
}

attachment end_with_port() {
  attachment end;
  end.id = "abc";
  end.namespace_path = "/run/netns/x";
  end.ports = {{80, "tcp", "", 8080}};
  return end;
}

constexpr auto bridge_result = R"({"cniVersion":"1.0.0","interfaces":[{"name":"gantry0","mac":"aa:aa:aa:aa:aa:aa"},
  {"name":"veth1","mac":"bb:bb:bb:bb:bb:bb"},{"name":"eth0","mac":"cc:cc:cc:cc:cc:cc","sandbox":"/run/netns/x"}],
  "ips":[{"interface":2,"address":"172.29.0.5/16","gateway":"172.29.0.1"}],"dns":{}})";

} // namespace

TEST_CASE("an attachment runs the plugins forwards and a removal backwards") {
  cni_sequence add(plain(), end_with_port(), verb::add);
  auto call = add.next();
  REQUIRE(call);
  CHECK(call->argv == std::vector<std::string>{"/usr/lib/cni/bridge"});
  CHECK(call->env[0] == "CNI_COMMAND=ADD");
  auto conf = json::parse(call->input);
  CHECK(conf["isGateway"] == true);
  CHECK(conf["ipam"]["ranges"][0][0]["subnet"] == "172.29.0.0/16");
  CHECK_FALSE(conf.contains("prevResult"));
  REQUIRE(add.feed({0, bridge_result, ""}));
  call = add.next();
  REQUIRE(call);
  CHECK(call->argv[0] == "/usr/lib/cni/portmap");
  conf = json::parse(call->input);
  CHECK(conf["runtimeConfig"]["portMappings"][0]["hostPort"] == 8080);
  CHECK(conf["prevResult"]["ips"][0]["address"] == "172.29.0.5/16");
  REQUIRE(add.feed({0, bridge_result, ""}));
  CHECK_FALSE(add.next());
  const auto endpoint = endpoint_of(add.added(), plain(), end_with_port());
  REQUIRE(endpoint);
  CHECK(endpoint->ip == "172.29.0.5");
  CHECK(endpoint->prefix_length == 16);
  CHECK(endpoint->gateway == "172.29.0.1");
  CHECK(endpoint->mac == "cc:cc:cc:cc:cc:cc");

  cni_sequence del(plain(), end_with_port(), verb::del, add.added());
  CHECK(del.next()->argv[0] == "/usr/lib/cni/portmap");
  CHECK(del.feed({1, R"({"code":11,"msg":"later"})", ""}));
  CHECK(del.next()->argv[0] == "/usr/lib/cni/bridge");
  CHECK(del.feed({0, "", ""}));
  CHECK_FALSE(del.next());
  CHECK(del.outcome().error().code == errc::unavailable);
}

TEST_CASE("a plugin's failure is told in its own words") {
  cni_sequence add(plain(), end_with_port(), verb::add);
  const auto told = add.feed({1, R"({"cniVersion":"1.0.0","code":7,"msg":"bad subnet","details":"why"})", ""});
  REQUIRE_FALSE(told);
  CHECK(told.error().code == errc::invalid_argument);
  CHECK(told.error().message == "CNI plugin bridge: bad subnet: why");
  CHECK_FALSE(add.next());
  CHECK(cni_failure("bridge", {1, R"({"code":999,"msg":"no IP addresses available in range set"})", ""}).code ==
        errc::exhausted);
  CHECK_THAT(cni_failure("bridge", {127, "", "not found\n"}).message, contains("not found"));
  CHECK_THAT(cni_failure("bridge", {2, "{{", ""}).message, contains("status 2"));
  CHECK_FALSE(endpoint_of("{}", plain(), end_with_port()));
  CHECK_FALSE(endpoint_of(R"({"ips":[{"address":"x"}]})", plain(), end_with_port()));
}

TEST_CASE("a network that cannot be is refused") {
  auto network = plain();
  CHECK(check(network));
  network.gateway = "10.0.0.1";
  CHECK_THAT(check(network).error().message, contains("within 172.29.0.0/16"));
  network = plain();
  network.subnet = "fe80::/64";
  CHECK_FALSE(check(network));
  network = plain();
  network.bridge = "much-too-long-a-name";
  CHECK_FALSE(check(network));
}

TEST_CASE("leases are read from host-local's folder") {
  const test::temp_folder folder;
  auto network = plain();
  network.data_dir = folder.path;
  CHECK(list_leases(network).empty());
  test::put(folder.path + "/gantry/172.29.0.2", "abc\r\neth0");
  test::put(folder.path + "/gantry/last_reserved_ip.0", "172.29.0.2");
  test::put(folder.path + "/gantry/lock", "");
  const auto leases = list_leases(network);
  REQUIRE(leases.size() == 1);
  CHECK(leases[0].id == "abc");
  CHECK(leases[0].interface == "eth0");
}

TEST_CASE("shared chains go only when nobody else uses them") {
  const std::string mine = "-N CNI-HOSTPORT-DNAT\n-N CNI-HOSTPORT-MASQ\n-N CNI-HOSTPORT-SETMARK\n"
                           "-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT\n";
  const auto count = [](const std::string& rules) { return clean_host(plain(), rules).size(); };
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
