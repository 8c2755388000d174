#include "tests/catch.hpp"

#include "api/docker/parse/create_body.hpp"
#include "api/docker/parse/network_body.hpp"
#include "api/docker/render/network.hpp"

using namespace gantry;
using namespace gantry::docker;
using gantry::test::contains;

namespace {

std::string network_refusal(const std::string& body) {
  auto parsed = parse_network_body(body);
  return parsed ? std::string("accepted") : parsed.error().message;
}

container_options container_with(const std::string& rest) {
  return parse_create_body(R"({"Image":"x",)" + rest + "}").value();
}

std::string container_network_refusal(const std::string& rest) {
  auto parsed = parse_create_body(R"({"Image":"x",)" + rest + "}");
  return parsed ? std::string("accepted") : parsed.error().message;
}

} // namespace

TEST_CASE("a network as the docker client asks for it") {
  auto made = parse_network_body(R"({"CheckDuplicate":true,"Name":"web","Driver":"bridge","Scope":"","EnableIPv6":false,
    "IPAM":{"Driver":"default","Options":{},"Config":[{"Subnet":"10.9.0.0/16","IPRange":"10.9.4.0/24",
    "Gateway":"10.9.0.254","AuxiliaryAddresses":{"router":"10.9.4.9"}}]},"Internal":true,"Attachable":true,
    "Ingress":false,"ConfigOnly":false,"ConfigFrom":{"Network":""},"Labels":{"a":"b"},
    "Options":{"com.docker.network.bridge.name":"mybr","com.docker.network.driver.mtu":"1400",
    "com.docker.network.bridge.enable_icc":"true","com.docker.network.bridge.enable_ip_masquerade":"false",
    "com.docker.network.bridge.host_binding_ipv4":"127.0.0.1"}})")
                  .value();
  CHECK(made.display_name == "web");
  REQUIRE(made.subnets.size() == 1);
  CHECK(made.subnets[0].subnet == "10.9.0.0/16");
  CHECK(made.subnets[0].ip_range == "10.9.4.0/24");
  CHECK(made.subnets[0].gateway == "10.9.0.254");
  CHECK(made.subnets[0].reserved.at("router") == "10.9.4.9");
  CHECK_FALSE(made.ipv6);
  CHECK(made.bridge == "mybr");
  CHECK(made.mtu == 1400);
  CHECK(made.internal);
  CHECK(made.attachable);
  CHECK_FALSE(made.masquerade);
  CHECK(made.host_address == "127.0.0.1");
  CHECK(made.labels.at("a") == "b");
  CHECK(made.options.size() == 5);
}

TEST_CASE("a network of both families is asked for by a field, or by an option where there is none") {
  auto made = parse_network_body(R"({"Name":"n","EnableIPv6":true,"IPAM":{"Config":[{"Subnet":"10.0.0.0/24"},
    {"Subnet":"fd00::/64","Gateway":"fd00::9"}]}})")
                  .value();
  CHECK(made.ipv6);
  REQUIRE(made.subnets.size() == 2);
  CHECK(made.subnets[1].gateway == "fd00::9");
  const std::string option = R"("Options":{"com.docker.network.enable_ipv6":"true"}})";
  CHECK(parse_network_body(R"({"Name":"n",)" + option)->ipv6);
  CHECK_FALSE(parse_network_body(R"({"Name":"n","EnableIPv6":false,)" + option)->ipv6);
}

TEST_CASE("what a network here cannot be is refused by name") {
  CHECK_THAT(network_refusal("{}"), contains("name is empty"));
  CHECK_THAT(network_refusal("[]"), contains("invalid JSON"));
  CHECK_THAT(network_refusal(R"({"Name":5})"), contains("invalid JSON"));
  CHECK_THAT(network_refusal(R"({"Name":"n","Driver":"macvlan"})"), contains("macvlan"));
  CHECK_THAT(network_refusal(R"({"Name":"n","Driver":"host"})"), contains("only one instance"));
  CHECK_THAT(network_refusal(R"({"Name":"n","EnableIPv4":false})"), contains("EnableIPv4"));
  CHECK_THAT(network_refusal(R"({"Name":"n","Ingress":true})"), contains("Ingress"));
  CHECK_THAT(network_refusal(R"({"Name":"n","Scope":"swarm"})"), contains("Scope"));
  CHECK_THAT(network_refusal(R"({"Name":"n","IPAM":{"Driver":"dhcp"}})"), contains("ipam driver \"dhcp\""));
  CHECK_THAT(network_refusal(R"({"Name":"n","IPAM":{"Options":{"x":"y"}}})"), contains("IPAM option"));
  CHECK_THAT(network_refusal(R"({"Name":"n","Options":{"com.docker.network.bridge.enable_icc":"false"}})"),
             contains("enable_icc=false is not supported"));
  CHECK_THAT(network_refusal(R"({"Name":"n","Options":{"parent":"eth0"}})"), contains("parent"));
  CHECK_THAT(network_refusal(R"({"Name":"n","Options":{"com.docker.network.driver.mtu":"10"}})"), contains("MTU"));
}

TEST_CASE("a container's networks are read with what is asked of each, its network mode's first") {
  auto options = container_with(R"("HostConfig":{"NetworkMode":"web"},"NetworkingConfig":{"EndpointsConfig":{
    "back":null,"web":{"IPAMConfig":{"IPv4Address":"10.9.0.7","IPv6Address":"fd00::7"},"Aliases":["www"],"MacAddress":"02:42:0a:09:00:07",
    "NetworkID":"","EndpointID":"","Links":null,"DriverOpts":null,"GwPriority":0}}})");
  REQUIRE(options.networks.size() == 2);
  CHECK(options.networks[0].network == "web");
  CHECK(options.networks[0].address == "10.9.0.7");
  CHECK(options.networks[0].address6 == "fd00::7");
  CHECK(options.networks[0].aliases == std::vector<std::string>{"www"});
  CHECK(options.networks[0].mac == "02:42:0a:09:00:07");
  CHECK(options.networks[1].network == "back");
  CHECK(container_with(R"("HostConfig":{"NetworkMode":"web"},"MacAddress":"02:42:0a:09:00:07")").networks.at(0).mac ==
        "02:42:0a:09:00:07");
}

TEST_CASE("the engine's own bridge alone goes without saying") {
  CHECK(container_with(R"("HostConfig":{"NetworkMode":"bridge"})").networks.empty());
  auto options =
      container_with(R"("NetworkingConfig":{"EndpointsConfig":{"default":{"MacAddress":"02:42:0a:09:00:07"}}})");
  CHECK(options.networks.empty());
  CHECK(options.mac_address == "02:42:0a:09:00:07");
  CHECK(container_with(R"("NetworkingConfig":{"EndpointsConfig":{"web":null}})").networks.size() == 2);
}

TEST_CASE("link-local addresses and options of an end are kept, of the engine's own bridge too") {
  const auto options = container_with(R"("NetworkingConfig":{"EndpointsConfig":{"bridge":{
    "IPAMConfig":{"LinkLocalIPs":["169.254.8.8","fe80::8"]},"DriverOpts":{"some.other":"on",
    "com.docker.network.endpoint.ifname":"net0",
    "com.docker.network.endpoint.sysctls":"net.ipv4.conf.IFNAME.log_martians=1,net.ipv6.neigh.ifname.x_1=2 3.4"}}}})");
  REQUIRE(options.networks.size() == 1);
  const auto& asked = options.networks[0];
  CHECK(asked.link_local == std::vector<std::string>{"169.254.8.8", "fe80::8"});
  CHECK(asked.driver_options.size() == 3);
  CHECK(asked.interface == "net0");
  CHECK(asked.sysctls ==
        std::vector<link_sysctl>{{"ipv4", "conf", "log_martians", "1"}, {"ipv6", "neigh", "x_1", "2 3.4"}});
}

TEST_CASE("what a container cannot have on its networks is refused") {
  const std::string on = R"("HostConfig":{"NetworkMode":"web"},"NetworkingConfig":{"EndpointsConfig":{"web":)";
  for (const auto* bad : {"", "10.0.0.1", "fd00::1", "169.254.1.1/16", "here"})
    CHECK_THAT(container_network_refusal(on + R"({"IPAMConfig":{"LinkLocalIPs":[")" + bad + R"("]}}}})"),
               contains("invalid link-local IP address"));
  CHECK_THAT(container_network_refusal(R"("HostConfig":{"NetworkMode":"host"},"NetworkingConfig":{"EndpointsConfig":{
                 "host":{"DriverOpts":{"a":"b"}}}})"),
             contains("conflicting options"));
  CHECK_THAT(container_network_refusal(
                 R"("NetworkingConfig":{"EndpointsConfig":{"bridge":{"IPAMConfig":{"IPv6Address":"fd00::1"}}}})"),
             contains("user defined networks"));
  CHECK_THAT(container_network_refusal(on + R"({"Links":["a"]}}})"), contains("links"));
  for (const auto* bad : {"net.ipv4.conf.eth0.x=1", "net.ipv4.conf.IFNAME.x", "net.unix.conf.IFNAME.x=1",
                          "net.ipv4.conf.IFNAME.../x=1", "net.ipv4.conf.IFNAME.a.b=1",
                          "net.ipv4.conf.IFNAME.x=", "x.ipv4.conf.IFNAME.x=1", "net.ipv4.conf.IFNAME.x=1\\n2"})
    CHECK_THAT(
        container_network_refusal(on + R"({"DriverOpts":{"com.docker.network.endpoint.sysctls":")" + bad + R"("}}}})"),
        contains("unrecognised network interface sysctl"));
  for (const auto* bad : {"a/b", "..", "all", "sixteen-letters-", "-a", "a#b", "a b"})
    CHECK_THAT(
        container_network_refusal(on + R"({"DriverOpts":{"com.docker.network.endpoint.ifname":")" + bad + R"("}}}})"),
        contains("link's name"));
  CHECK_THAT(container_network_refusal(on + R"({"GwPriority":1}}})"), contains("GwPriority"));
  CHECK_THAT(container_network_refusal(on + R"({"MacAddress":"zz"}}})"), contains("invalid MAC address"));
  CHECK_THAT(container_network_refusal(on + R"({"Aliases":["a b"]}}})"), contains("invalid network alias"));
  CHECK_THAT(container_network_refusal(on + R"({"Aliases":["a\n1 10.0.0.1  bank"]}}})"),
             contains("invalid network alias"));
  CHECK_THAT(container_network_refusal(on + R"("x"}})"), contains("not an object"));
  CHECK_THAT(container_network_refusal(R"("NetworkingConfig":{"EndpointsConfig":{"bridge":{"Aliases":["a"]}}})"),
             contains("user defined networks"));
  CHECK_THAT(container_network_refusal(
                 R"("HostConfig":{"NetworkMode":"host"},"NetworkingConfig":{"EndpointsConfig":{"web":{}}})"),
             contains("conflicting options"));
}

TEST_CASE("a connection names its container") {
  auto body = parse_connect_body(R"({"Container":"c","Force":true,"EndpointConfig":{"Aliases":["x"]}})").value();
  CHECK(body.container == "c");
  CHECK(body.force);
  CHECK(body.how.aliases == std::vector<std::string>{"x"});
  CHECK(parse_connect_body(R"({"Container":"c","EndpointConfig":null})"));
  CHECK_FALSE(parse_connect_body("{}"));
}

TEST_CASE("a host port may be one of a range") {
  auto ports = container_with(R"("HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"8000-8010"}]}})").ports;
  CHECK(ports.at(0).host_port == 8000);
  CHECK(ports.at(0).host_port_last == 8010);
  for (const auto* text : {"8010-8000", "0-9", "1-", "-9", "1-2-3", "1-70000"})
    CHECK_THAT(container_network_refusal(
                   fmt::format(R"("HostConfig":{{"PortBindings":{{"80/tcp":[{{"HostPort":"{}"}}]}}}})", text)),
               contains("invalid port specification"));
}

TEST_CASE("a port may be published at an IPv6 address, but not at its loopback") {
  const auto at = [](const std::string& address) {
    return fmt::format(R"("HostConfig":{{"PortBindings":{{"80/tcp":[{{"HostIp":"{}","HostPort":"80"}}]}}}})", address);
  };
  CHECK(container_with(at("fd00::1")).ports.at(0).host_ip == "fd00::1");
  CHECK(container_with(at("::")).ports.at(0).host_ip == "::");
  CHECK_THAT(container_network_refusal(at("::1")), contains("127.0.0.1"));
  CHECK_THAT(container_network_refusal(at("fe80::1%eth0")), contains("invalid HostIp"));
}

TEST_CASE("a network has docker's shape, and shows who is on it now") {
  network_definition of;
  of.name = {"docker", std::string(64, 'a')};
  of.display_name = "web";
  of.ipv6 = true;
  of.subnets = {{"10.9.0.0/16", "10.9.0.1", {}}, {"fd00::/64", "fd00::1", {}}};
  of.internal = true;
  auto made = network(of);
  CHECK(made["Name"] == "web");
  CHECK(made["Id"] == of.name.id);
  CHECK(made["Driver"] == "bridge");
  CHECK(made["Internal"] == true);
  CHECK(made["EnableIPv6"] == true);
  CHECK(made["IPAM"]["Config"][0]["Subnet"] == "10.9.0.0/16");
  CHECK(made["IPAM"]["Config"][1]["Gateway"] == "fd00::1");
  CHECK(network_without_bridge("none")["Driver"] == "null");

  container_record record;
  record.name = record.sandbox = {"docker", std::string(64, 'c')};
  record.display_name = "one";
  record.state.pid = 7;
  network_endpoint end{of.name.id, "10.9.0.2", "10.9.0.1", "02:00:00:00:00:01", 16, {}};
  container_table table{{std::make_shared<const container_record>(record)}, {{end}}, {}};
  CHECK(network_members(table, of.name.id).empty()); // not attached
  table.endpoints[0][0].attached = true;
  auto shown = network_members(table, of.name.id);
  CHECK(shown[record.name.id]["IPv4Address"] == "10.9.0.2/16");
  CHECK(shown[record.name.id]["IPv6Address"] == "");
  table.endpoints[0][0].ip6 = {"fd00::2", "fd00::1", 64};
  CHECK(network_members(table, of.name.id)[record.name.id]["IPv6Address"] == "fd00::2/64");
  CHECK(shown[record.name.id]["Name"] == "one");
}
