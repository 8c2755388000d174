#include <unistd.h>

#include "runtime/network/cni/result.hpp"
#include "tests/catch.hpp"
#include "tests/runtime/spec/fixture.hpp"
#include "tests/runtime/spec/host_program.hpp"

using namespace gantry;
using namespace gantry::network::cni;
using gantry::test::contains;
using gantry::test::run;

// Debian's own plugins (package containernetworking-plugins), as an administrator would configure them.

namespace {

const plugin_folders folders = {"/opt/cni/bin", "/usr/lib/cni"};

struct real_network {
  test::temp_folder folder;
  std::string tag = std::to_string(::getpid());
  std::string bridge = "gc" + tag, space = "gc-" + tag;
  attachment end;

  explicit real_network(const std::string& version) {
    test::put(folder.path + "/net.d/10-pods.conflist",
              R"({"cniVersion":")" + version + R"(","name":"gantry-cni-)" + tag +
                  R"(","plugins":[{"type":"bridge","bridge":")" + bridge +
                  R"(","isGateway":true,"ipam":{"type":"host-local","dataDir":")" + folder.path +
                  R"(","ranges":[[{"subnet":"172.30.213.0/24"}],
            [{"subnet":"fd00:213::/64"}]],"routes":[{"dst":"0.0.0.0/0"},{"dst":"::/0"}]}},
          {"type":"portmap","capabilities":{"portMappings":true}},
          {"type":"tuning","capabilities":{"mac":true},"sysctl":{"net.core.somaxconn":"500"}}]})");
    REQUIRE(run({"ip", "netns", "add", space}).exit_code == 0);
    end.id = "k8s-" + tag;
    end.namespace_path = "/run/netns/" + space;
    end.args = pod_arguments("default", "web", tag, "uid");
    end.runtime.mac = "02:00:00:00:00:07";
    end.runtime.ports = {{80, "tcp", "", static_cast<std::uint16_t>(20'000 + ::getpid() % 10'000)}};
  }
  ~real_network() {
    (void)run({"ip", "netns", "del", space});
    (void)run({"ip", "link", "del", bridge});
  }
  [[nodiscard]] network_config network() const {
    const auto path = folder.path + "/net.d";
    auto found = load_folder(path).default_network(path);
    REQUIRE(found);
    return *found;
  }
  [[nodiscard]] result<std::string> drive(verb what, std::string previous = {}) const {
    auto asked = network();
    // portmap 1.1.1 looks in its IPv6 chain for the rules of IPv4 when it checks.
    if (what == verb::check) std::erase_if(asked.plugins, [](const auto& one) { return one.type == "portmap"; });
    GANTRY_LET(auto calls, sequence::plan(asked, folders, {what, end, std::move(previous)}));
    while (const auto call = calls.next()) GANTRY_TRY(calls.feed(run(*call)));
    GANTRY_TRY(calls.outcome());
    return calls.added();
  }
};

} // namespace

TEST_CASE("a pod is attached by a configured network, checked and detached", "[root]") {
  const std::string version = GENERATE("0.3.1", "0.4.0", "1.0.0");
  const real_network net(version);
  const auto added = net.drive(verb::add);
  INFO(version << ": " << (added ? *added : added.error().message));
  REQUIRE(added);
  const auto parsed = parse_result(*added);
  REQUIRE(parsed);
  const auto addresses = parsed->addresses_of("eth0");
  REQUIRE(addresses.size() == 2);
  CHECK_THAT(addresses[0].ip, contains("172.30.213."));
  CHECK_THAT(addresses[1].ip, contains("fd00:213::"));
  const auto seen = run({"ip", "netns", "exec", net.space, "ip", "addr", "show", "eth0"}).output;
  CHECK_THAT(seen, contains(addresses[0].ip + "/24"));
  CHECK_THAT(seen, contains(addresses[1].ip + "/64"));
  CHECK_THAT(seen, contains("02:00:00:00:00:07"));
  CHECK_THAT(run({"iptables", "-t", "nat", "-S"}).output, contains(net.end.id));
  const auto checked = net.drive(verb::check, *added);
  INFO((checked ? "checked" : checked.error().message));
  CHECK(checked);
  const auto removed = net.drive(verb::del, *added);
  INFO((removed ? "removed" : removed.error().message));
  CHECK(removed);
  CHECK(net.drive(verb::del, *added)); // again: nothing to do
  CHECK(run({"ip", "netns", "exec", net.space, "ip", "addr", "show", "eth0"}).exit_code != 0);
  CHECK_FALSE(sys::read_file(net.folder.path + "/gantry-cni-" + net.tag + "/" + addresses[0].ip));
  CHECK_THAT(run({"iptables", "-t", "nat", "-S"}).output, !contains(net.end.id));
}

TEST_CASE("the plugins' versions are asked, and a newer network is run with theirs", "[root]") {
  const real_network net("0.4.0");
  auto network = parse_network(R"({"name":"n","cniVersion":"0.3.1","cniVersions":["1.0.0","1.1.0"],
    "plugins":[{"type":"bridge"},{"type":"portmap"}]})",
                               "n.conflist");
  REQUIRE(network);
  auto ask = sequence::plan(*network, folders, {verb::version});
  REQUIRE(ask);
  while (const auto call = ask->next()) REQUIRE(ask->feed(run(*call)));
  REQUIRE(ask->outcome());
  CHECK(std::find(ask->spoken().begin(), ask->spoken().end(), spec_version::v1_0_0) != ask->spoken().end());
}

TEST_CASE("a lost namespace does not keep a removal from giving the address back", "[root]") {
  const real_network net("1.0.0");
  const auto added = net.drive(verb::add);
  INFO((added ? *added : added.error().message));
  REQUIRE(added);
  REQUIRE(run({"ip", "netns", "del", net.space}).exit_code == 0);
  auto lost = net.end;
  lost.namespace_path.clear();
  auto del = sequence::plan(net.network(), folders, {verb::del, lost, *added});
  REQUIRE(del);
  while (const auto call = del->next()) REQUIRE(del->feed(run(*call)));
  const auto outcome = del->outcome();
  INFO((outcome ? "removed" : outcome.error().message));
  CHECK(outcome);
  const auto address = parse_result(*added)->addresses_of("eth0").front().ip;
  CHECK_FALSE(sys::read_file(net.folder.path + "/gantry-cni-" + net.tag + "/" + address));
}
