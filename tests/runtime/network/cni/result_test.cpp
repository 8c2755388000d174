#include "runtime/network/cni/result.hpp"

#include "tests/catch.hpp"
#include "tests/runtime/spec/fixture.hpp"

using namespace gantry;
using namespace gantry::network::cni;
using gantry::test::contains;

namespace {

std::string result_refusal(std::string_view text) {
  const auto parsed = parse_result(text);
  return parsed ? "accepted" : parsed.error().message;
}

} // namespace

TEST_CASE("a result of 1.0 is read: several addresses, of both families") {
  const auto parsed = parse_result(R"({"cniVersion":"1.0.0","interfaces":[
    {"name":"cni0","mac":"aa:aa:aa:aa:aa:aa"},{"name":"veth1","mac":"bb:bb:bb:bb:bb:bb"},
    {"name":"eth0","mac":"cc:cc:cc:cc:cc:cc","sandbox":"/run/netns/x"},{"name":"net1","sandbox":"/run/netns/x"}],
    "ips":[{"interface":2,"address":"10.1.0.5/16","gateway":"10.1.0.1"},{"interface":2,"address":"fd00::5/64"},
           {"interface":3,"address":"192.168.0.2/24"},{"address":"10.9.0.1/32"}],
    "routes":[{"dst":"0.0.0.0/0"},{"dst":"10.2.0.0/16","gw":"10.1.0.9"}],
    "dns":{"nameservers":["10.1.0.1"],"domain":"d","search":["s"],"options":["o"]}})");
  REQUIRE(parsed);
  const auto own = parsed->addresses_of("eth0");
  REQUIRE(own.size() == 3);
  CHECK(own[0].ip == "10.1.0.5");
  CHECK(own[0].prefix_length == 16);
  CHECK(own[0].gateway == "10.1.0.1");
  CHECK(own[1].ip == "fd00::5");
  CHECK(own[1].is_v6());
  CHECK(own[2].ip == "10.9.0.1"); // of no interface
  CHECK(parsed->mac_of("eth0") == "cc:cc:cc:cc:cc:cc");
  CHECK(parsed->mac_of("cni0").empty()); // of the host
  REQUIRE(parsed->routes.size() == 2);
  CHECK(parsed->routes[1].gateway == "10.1.0.9");
  CHECK(parsed->dns.servers == std::vector<std::string>{"10.1.0.1"});
  CHECK(parsed->dns.searches == std::vector<std::string>{"s"});
  CHECK(parsed->dns_domain == "d");
}

TEST_CASE("results of the older versions are read") {
  for (const auto* version : {"0.3.0", "0.3.1", "0.4.0"}) {
    const auto parsed = parse_result(fmt::format(
        R"({{"cniVersion":"{}","interfaces":[{{"name":"eth0","sandbox":"/x"}}],
            "ips":[{{"version":"4","interface":0,"address":"10.1.0.5/16"}}],"routes":null}})",
        version));
    REQUIRE(parsed);
    CHECK(parsed->addresses_of("eth0").front().ip == "10.1.0.5");
  }
  const auto oldest = parse_result(R"({"cniVersion":"0.2.0","ip4":{"ip":"10.1.0.5/16","gateway":"10.1.0.1",
    "routes":[{"dst":"0.0.0.0/0"}]},"ip6":{"ip":"fd00::5/64"},"dns":{}})");
  REQUIRE(oldest);
  REQUIRE(oldest->addresses_of("eth0").size() == 2);
  CHECK(oldest->addresses[0].gateway == "10.1.0.1");
  CHECK(oldest->addresses[1].ip == "fd00::5");
  CHECK(oldest->routes.size() == 1);
}

TEST_CASE("an attachment may give no address") {
  const auto parsed = parse_result(R"({"cniVersion":"1.0.0"})");
  REQUIRE(parsed);
  CHECK(parsed->addresses.empty());
}

TEST_CASE("a result that cannot be is refused") {
  CHECK_THAT(result_refusal(""), contains("no result"));
  CHECK_THAT(result_refusal("[]"), contains("no result"));
  CHECK_THAT(result_refusal(R"({"ips":{}})"), contains("'ips' is not a list"));
  CHECK_THAT(result_refusal(R"({"ips":[{"address":"10.1.0.5"}]})"),
             contains("'10.1.0.5' is not an address with its prefix"));
  CHECK_THAT(result_refusal(R"({"ips":[{"address":"10.1.0.5/33"}]})"), contains("'10.1.0.5/33'"));
  CHECK_THAT(result_refusal(R"({"ips":[{"address":"10.1.0/16"}]})"), contains("'10.1.0/16'"));
  CHECK_THAT(result_refusal(R"({"ips":[{"address":"fd00::1/129"}]})"), contains("'fd00::1/129'"));
  CHECK_THAT(result_refusal(R"({"ips":[{"address":"10.1.0.5/16","gateway":"fd00::1"}]})"), contains("not a gateway"));
  CHECK_THAT(result_refusal(R"({"ips":[{"address":"10.1.0.5/16","interface":0}]})"), contains("there are 0"));
  std::string many = R"({"ips":[{"address":"10.1.0.5/16"})";
  for (std::size_t i = 0; i < max_result_entries; ++i) many += R"(,{"address":"10.1.0.5/16"})";
  CHECK_THAT(result_refusal(many + "]}"), contains("over 1024 entries"));
}
