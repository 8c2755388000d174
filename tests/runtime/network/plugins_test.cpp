#include "tests/catch.hpp"

#include <unistd.h>

#include "runtime/network/bridge.hpp"
#include "runtime/network/host_rules.hpp"
#include "runtime/network/port_table.hpp"
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
  real_network() {
    network.cni_name = "gantry-test-" + tag;
    network.bridge = "gt" + tag;
    network.subnet = "172.30.214.0/24";
    network.gateway = "172.30.214.1";
    network.data_dir = folder.path;
    REQUIRE(check(network));
    REQUIRE(enable_forwarding());
    for (const auto& step : prepare_host(network))
      if (run(step.probe).exit_code != 0) {
        const auto done = run(step.apply);
        INFO(done.error_output);
        REQUIRE(done.exit_code == 0);
      }
  }
  ~real_network() {
    for (const auto& step : clean_host(network, rules())) (void)run(step);
  }
  static std::string rules() { return run(list_nat_rules()).output; }
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

result<std::string> drive(const real_network& net, const box& one, verb what, std::string previous = {}) {
  cni_sequence sequence(net.network, one.end, what, std::move(previous));
  while (const auto call = sequence.next()) GANTRY_TRY(sequence.feed(run(*call)));
  GANTRY_TRY(sequence.outcome());
  return sequence.added();
}

} // namespace

TEST_CASE("a container is reached by its address and its published port, and leaves nothing", "[root]") {
  const real_network net;
  port_table table;
  std::string server_ip;
  {
    box server(net, 1), client(net, 2);
    const auto ports = table.reserve({"docker", server.name}, {{80, "tcp", "", 0}});
    REQUIRE(ports);
    server.end.ports = *ports;
    const auto url = ":" + std::to_string((*ports)[0].host_port) + "/";
    const auto added = drive(net, server, verb::add);
    INFO((added ? "" : added.error().message));
    REQUIRE(added);
    const auto other = drive(net, client, verb::add);
    REQUIRE(other);
    const auto endpoint = endpoint_of(*added, net.network, server.end);
    REQUIRE(endpoint);
    server_ip = endpoint->ip;
    server.serve(net.folder.path + "/www");
    const auto page = "here is " + server.name;
    CHECK_THAT(fetch("http://" + endpoint->ip + "/"), contains(page));
    CHECK_THAT(fetch("http://127.0.0.1" + url), contains(page));
    CHECK_THAT(fetch("http://" + net.network.gateway + url), contains(page));
    CHECK_THAT(client.fetch("http://" + endpoint->ip + "/"), contains(page));
    CHECK_THAT(client.fetch("http://" + net.network.gateway + url), contains(page));
    CHECK_THAT(server.fetch("http://" + net.network.gateway + url), contains(page)); // hairpin
    CHECK(list_leases(net.network).size() == 2);
    const auto checked = drive(net, server, verb::check, *added);
    INFO((checked ? "" : checked.error().message));
    CHECK(checked);
    CHECK(drive(net, server, verb::del, *added));
    CHECK(drive(net, server, verb::del, *added)); // again: nothing to do
    // The client's namespace is lost first, as in a crash: its lease still goes.
    client.end.namespace_path.clear();
    CHECK(drive(net, client, verb::del));
  }
  const auto left = find_leftovers(net.network, real_network::rules());
  CHECK(left.leases.empty());
  CHECK(left.ports.empty());
  CHECK(left.rules.size() == 1); // the network's own masquerading
  for (const auto& step : clean_host(net.network, real_network::rules())) (void)run(step);
  CHECK(find_leftovers(net.network, real_network::rules()).none());
}
