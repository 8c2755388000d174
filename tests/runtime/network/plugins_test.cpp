#include "tests/catch.hpp"

#include <sched.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "runtime/network/bridge.hpp"
#include "runtime/network/host_rules.hpp"
#include "runtime/network/port_table.hpp"
#include "runtime/network/veth.hpp"
#include "tests/runtime/spec/fixture.hpp"
#include "tests/runtime/spec/host_program.hpp"

using namespace gantry;
using namespace gantry::network;
using gantry::test::contains;
using gantry::test::run;

namespace {

/// A bridge of the test's own, away from an engine's that may run here.
struct real_network {
  test::temp_folder folder;
  std::string tag = std::to_string(::getpid());
  bridge_network network;
  explicit real_network(int families = 1) {
    network.cni_name = "gantry-test-" + tag;
    network.bridge = "gt" + tag;
    network.subnets = {{"172.30.214.0/24", "172.30.214.1"}};
    REQUIRE(check(network));
    if (families == 2) network.subnets.push_back({"fd00:214::/64", "fd00:214::1"});
    REQUIRE(enable_forwarding(network));
    for (const auto& step : prepare_host(network))
      if (run(step.probe).exit_code != 0) {
        const auto done = run(step.apply);
        INFO(done.error_output);
        REQUIRE(done.exit_code == 0);
      }
    REQUIRE(make_bridge(link_of(network)));
  }
  ~real_network() {
    for (const auto& step : clean_host(network, rules())) (void)run(step);
  }
  static nat_rules rules() {
    return {run(list_nat_rules(ip_family::v4)).output, run(list_nat_rules(ip_family::v6)).output};
  }
};

/// A network namespace, perhaps with a server in it that tells its name.
struct box {
  std::string name;
  attachment end;
  explicit box(const real_network& net, int number) : name("gt-" + net.tag + "-" + std::to_string(number)) {
    REQUIRE(run({"ip", "netns", "add", name}).exit_code == 0);
    (void)run({"ip", "-n", name, "link", "set", "lo", "up"});
    end.id = name;
    end.namespace_path = "/run/netns/" + name;
    end.addresses = {"172.30.214.1" + std::to_string(number)};
    if (net.network.has_ipv6()) end.addresses.push_back("fd00:214::1" + std::to_string(number));
  }
  ~box() {
    // What runs in it is ended first; then nothing holds the namespace.
    (void)run({"sh", "-c", "for p in $(ip netns pids " + name + "); do kill -9 $p; done"});
    (void)run({"ip", "netns", "del", name});
  }
  /// httpd leaves for the background once it listens; the namespace's end takes it along.
  void serve(const std::string& folder) const {
    test::put(folder + "/index.html", "here is " + name);
    const auto done = run({"ip", "netns", "exec", name, "busybox", "httpd", "-p", "80", "-h", folder});
    INFO(done.error_output);
    REQUIRE(done.exit_code == 0);
  }
  [[nodiscard]] std::string fetch(const std::string& url) const {
    return run({"ip", "netns", "exec", name, "curl", "-s", "--noproxy", "*", "-m", "5", url}).output;
  }
};

std::string fetch(const std::string& url) { return run({"curl", "-s", "--noproxy", "*", "-m", "5", url}).output; }

bool connect(const real_network& net, const box& one) {
  const auto mac = connect_veth(veth_of(net.network, one.end));
  INFO((mac ? *mac : mac.error().message));
  CHECK(mac);
  return mac.has_value();
}

bool worked(const monitor::run_process& call) {
  const auto reply = run(call);
  INFO(reply.output << reply.error_output);
  CHECK(reply.exit_code == 0);
  return reply.exit_code == 0;
}

} // namespace

TEST_CASE("a container is reached by its address and its published port, and leaves nothing", "[root]") {
  const real_network net;
  port_table table;
  {
    box server(net, 1), client(net, 2);
    const auto ports = table.reserve({"docker", server.name}, {{80, "tcp", "", 0}});
    REQUIRE(ports);
    server.end.ports = *ports;
    const auto url = ":" + std::to_string((*ports)[0].host_port) + "/";
    REQUIRE(connect(net, server));
    REQUIRE(connect(net, client));
    REQUIRE(worked(publish_ports(net.network, server.end)));
    server.serve(net.folder.path + "/www");
    const auto page = "here is " + server.name;
    CHECK_THAT(fetch("http://" + server.end.addresses[0] + "/"), contains(page));
    CHECK_THAT(fetch("http://127.0.0.1" + url), contains(page));
    CHECK_THAT(fetch("http://" + net.network.subnets[0].gateway + url), contains(page));
    CHECK_THAT(client.fetch("http://" + server.end.addresses[0] + "/"), contains(page));
    CHECK_THAT(client.fetch("http://" + net.network.subnets[0].gateway + url), contains(page));
    CHECK_THAT(server.fetch("http://" + net.network.subnets[0].gateway + url), contains(page)); // hairpin
    CHECK(find_published(net.network, real_network::rules()) == std::vector<std::string>{server.name});
    CHECK(worked(withdraw_ports(net.network, server.end)));
    CHECK(worked(withdraw_ports(net.network, server.end))); // again: nothing to do
    CHECK(disconnect_veth(server.end.namespace_path, server.end.interface));
  } // the client's namespace is lost, as in a crash: its link goes with it
  auto left = find_leftovers(net.network, real_network::rules());
  for (int i = 0; i < 200 && !left.ports.empty(); ++i) { // the kernel takes a namespace apart in the background
    ::usleep(50'000);
    left = find_leftovers(net.network, real_network::rules());
  }
  CHECK(left.ports.empty());
  CHECK(left.rules.size() == 1); // the network's own masquerading
  for (const auto& step : clean_host(net.network, real_network::rules())) (void)run(step);
  CHECK(find_leftovers(net.network, real_network::rules()).none());
}

TEST_CASE("a container is reached by its IPv6 address and its published port, and leaves nothing", "[root]") {
  const real_network net(2);
  port_table table;
  {
    box server(net, 1), client(net, 2);
    auto ports = table.reserve({"docker", server.name}, {{80, "tcp", "", 0}, {80, "tcp", "0.0.0.0", 0}});
    REQUIRE(ports);
    server.end.ports = *ports;
    const auto both = ":" + std::to_string((*ports)[0].host_port) + "/";
    const auto four_alone = ":" + std::to_string((*ports)[1].host_port) + "/";
    REQUIRE(connect(net, server));
    REQUIRE(connect(net, client));
    REQUIRE(worked(publish_ports(net.network, server.end)));
    server.serve(net.folder.path + "/www");
    const auto page = "here is " + server.name;
    CHECK_THAT(fetch("http://[fd00:214::11]/"), contains(page));
    CHECK_THAT(client.fetch("http://[fd00:214::11]/"), contains(page));
    CHECK_THAT(fetch("http://[fd00:214::1]" + both), contains(page));
    CHECK_THAT(client.fetch("http://[fd00:214::1]" + both), contains(page));
    CHECK_THAT(server.fetch("http://[fd00:214::1]" + both), contains(page)); // hairpin
    CHECK_THAT(fetch("http://127.0.0.1" + both), contains(page));
    CHECK_THAT(fetch("http://127.0.0.1" + four_alone), contains(page));
    CHECK(fetch("http://[fd00:214::1]" + four_alone).empty());
    CHECK(find_published(net.network, real_network::rules()) == std::vector<std::string>{server.name});
    server.end.addresses.clear(); // as a recovery has it
    CHECK(worked(withdraw_ports(net.network, server.end)));
    CHECK(find_published(net.network, real_network::rules()).empty());
  }
  for (const auto& step : clean_host(net.network, real_network::rules())) (void)run(step);
  const auto left = find_leftovers(net.network, real_network::rules());
  CHECK(left.rules.empty());
  CHECK_FALSE(left.link);
  CHECK_THAT(real_network::rules().v6, !contains("CNI-HOSTPORT"));
}

TEST_CASE("a host whose IPv6 is switched off is told from one that has it", "[root]") {
  CHECK(require_ipv6());
  result<void> refused, forwarding;
  std::thread([&] { // in a network namespace of its own
    if (::unshare(CLONE_NEWNET) != 0) return;
    std::ofstream("/proc/sys/net/ipv6/conf/all/disable_ipv6") << "1\n";
    refused = require_ipv6();
    bridge_network six;
    six.subnets.push_back({"fd00:214::/64", "fd00:214::1"});
    forwarding = enable_forwarding(six);
  })
      .join();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::failed_precondition);
  CHECK_THAT(refused.error().message, contains("net.ipv6.conf.all.disable_ipv6"));
  CHECK_FALSE(forwarding);
}
