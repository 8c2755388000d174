#include "runtime/network/cni/sequence.hpp"

#include <sys/stat.h>

#include "tests/catch.hpp"
#include "tests/runtime/spec/fixture.hpp"

using namespace gantry;
using namespace gantry::network::cni;
using gantry::test::contains;
using gantry::test::json;

namespace {

/// Programs that can be found; none is run.
struct fake_plugins {
  test::temp_folder folder;
  plugin_folders folders = {"/nonexistent", folder.path};
  fake_plugins() {
    for (const auto* name : {"bridge", "portmap"}) {
      test::put(folder.path + "/" + name, "");
      ::chmod((folder.path + "/" + name).c_str(), 0755);
    }
  }
};

network_config network_of(const std::string& version, const std::string& rest = "") {
  auto network = parse_network(R"({"name":"pods","cniVersion":")" + version + "\"," + rest +
                                   R"("plugins":[{"type":"bridge","ipam":{"type":"host-local"}},
          {"type":"portmap","capabilities":{"portMappings":true,"mac":false}}]})",
                               "10-pods.conflist");
  REQUIRE(network);
  return *network;
}

attachment pod_end() {
  attachment end;
  end.id = "k8s-abc";
  end.namespace_path = "/proc/1/fd/9";
  end.args = pod_arguments("default", "web", "abc", "uid-1");
  end.runtime.ports = {{80, "tcp", "127.0.0.1", 8080}, {81, "udp", "", 0}};
  end.runtime.mac = "02:00:00:00:00:01";
  return end;
}

std::string variable(const monitor::run_process& call, const std::string& name) {
  for (const auto& one : call.env)
    if (one.starts_with(name + "=")) return one.substr(name.size() + 1);
  return "(none)";
}

constexpr auto answer = R"({"cniVersion":"1.0.0","ips":[{"address":"10.1.0.5/16"}]})";

} // namespace

TEST_CASE("an attachment runs the network's plugins in order, each with the result of the one before") {
  const fake_plugins plugins;
  auto add = sequence::plan(network_of("1.0.0"), plugins.folders, {verb::add, pod_end()});
  REQUIRE(add);
  auto call = add->next();
  REQUIRE(call);
  CHECK(call->argv == std::vector{plugins.folder.path + "/bridge"});
  CHECK(variable(*call, "CNI_COMMAND") == "ADD");
  CHECK(variable(*call, "CNI_CONTAINERID") == "k8s-abc");
  CHECK(variable(*call, "CNI_NETNS") == "/proc/1/fd/9");
  CHECK(variable(*call, "CNI_IFNAME") == "eth0");
  CHECK(variable(*call, "CNI_PATH") == "/nonexistent:" + plugins.folder.path);
  CHECK(variable(*call, "CNI_ARGS") == "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web;"
                                       "K8S_POD_INFRA_CONTAINER_ID=abc;K8S_POD_UID=uid-1");
  auto conf = json::parse(call->input);
  CHECK(conf["name"] == "pods");
  CHECK(conf["cniVersion"] == "1.0.0");
  CHECK(conf["ipam"]["type"] == "host-local");
  CHECK_FALSE(conf.contains("prevResult"));
  CHECK_FALSE(conf.contains("runtimeConfig")); // it declares no capability
  REQUIRE(add->feed(monitor::process_result{0, answer, ""}));
  call = add->next();
  REQUIRE(call);
  conf = json::parse(call->input);
  CHECK(conf["prevResult"] == json::parse(answer));
  CHECK(conf["runtimeConfig"].size() == 1); // the address was not asked for
  REQUIRE(conf["runtimeConfig"]["portMappings"].size() == 1);
  CHECK(conf["runtimeConfig"]["portMappings"][0] ==
        json{{"hostPort", 8080}, {"containerPort", 80}, {"protocol", "tcp"}, {"hostIP", "127.0.0.1"}});
  REQUIRE(add->feed(monitor::process_result{0, answer, ""}));
  CHECK_FALSE(add->next());
  CHECK(add->outcome());
  CHECK(add->added() == answer);
}

TEST_CASE("an add that fails stops with the plugin's words") {
  const fake_plugins plugins;
  auto add = sequence::plan(network_of("1.0.0"), plugins.folders, {verb::add, pod_end()});
  REQUIRE(add->next());
  const auto told = add->feed(monitor::process_result{1, R"({"code":11,"msg":"not yet"})", ""});
  REQUIRE_FALSE(told);
  CHECK(told.error().code == errc::unavailable);
  CHECK(told.error().message == "network pods (10-pods.conflist): CNI plugin bridge: not yet");
  CHECK_FALSE(add->next());

  auto garbled = sequence::plan(network_of("1.0.0"), plugins.folders, {verb::add, pod_end()});
  REQUIRE(garbled->next());
  CHECK(garbled->feed(monitor::process_result{0, "[1]", ""}).error().code == errc::corrupt);

  auto late = sequence::plan(network_of("1.0.0"), plugins.folders, {verb::add, pod_end()});
  REQUIRE(late->next());
  CHECK(late->feed(fail(errc::timeout, "killed after 100 s")).error().code == errc::timeout);
}

TEST_CASE("a removal runs backwards with the add's result, whatever fails") {
  const fake_plugins plugins;
  auto end = pod_end();
  end.namespace_path.clear();
  auto del = sequence::plan(network_of("0.4.0"), plugins.folders, {verb::del, end, answer});
  REQUIRE(del);
  auto call = del->next();
  CHECK(call->argv.front() == plugins.folder.path + "/portmap");
  CHECK(json::parse(call->input)["prevResult"] == json::parse(answer));
  CHECK(json::parse(call->input)["runtimeConfig"].contains("portMappings"));
  CHECK(variable(*call, "CNI_NETNS").empty());
  CHECK(del->feed(fail(errc::timeout, "killed")));
  call = del->next();
  CHECK(call->argv.front() == plugins.folder.path + "/bridge");
  CHECK(json::parse(call->input)["prevResult"] == json::parse(answer));
  CHECK(del->feed(monitor::process_result{1, R"({"code":7,"msg":"second"})", ""}));
  CHECK_FALSE(del->next());
  CHECK(del->outcome().error().code == errc::timeout);

  // Without a result, with one that is torn, and for a version that had none in a removal.
  for (const auto& [version, previous] :
       std::vector<std::pair<std::string, std::string>>{{"1.0.0", ""}, {"1.0.0", R"({"ips":)"}, {"0.3.1", answer}}) {
    auto bare = sequence::plan(network_of(version), plugins.folders, {verb::del, end, previous});
    REQUIRE(bare);
    CHECK_FALSE(json::parse(bare->next()->input).contains("prevResult"));
  }
}

TEST_CASE("a plugin that is not there is told before anything is run, and does not keep a removal from the rest") {
  const fake_plugins plugins;
  const auto network =
      parse_network(R"({"name":"n","cniVersion":"1.0.0","plugins":[{"type":"bridge"},{"type":"gone"}]})", "f.conflist");
  REQUIRE(network);
  const auto add = sequence::plan(*network, plugins.folders, {verb::add, pod_end()});
  REQUIRE_FALSE(add);
  CHECK(add.error().code == errc::not_found);
  CHECK_THAT(add.error().message, contains("CNI plugin gone is in none of /nonexistent, " + plugins.folder.path));
  auto del = sequence::plan(*network, plugins.folders, {verb::del, pod_end()});
  REQUIRE(del);
  CHECK(del->next()->argv.front() == plugins.folder.path + "/bridge");
  CHECK(del->feed(monitor::process_result{}));
  CHECK_FALSE(del->next());
  CHECK(del->outcome().error().code == errc::not_found);
}

TEST_CASE("a check asks all plugins, unless the network forbids it or is too old") {
  const fake_plugins plugins;
  auto check = sequence::plan(network_of("0.4.0"), plugins.folders, {verb::check, pod_end(), answer});
  REQUIRE(check);
  auto call = check->next();
  CHECK(variable(*call, "CNI_COMMAND") == "CHECK");
  CHECK(json::parse(call->input)["prevResult"] == json::parse(answer));
  CHECK(check->feed(monitor::process_result{}));
  CHECK(check->next()->argv.front() == plugins.folder.path + "/portmap");
  CHECK_FALSE(check->feed(monitor::process_result{1, "", "gone"}));
  CHECK(sequence::plan(network_of("0.4.0"), plugins.folders, {verb::check, pod_end()}).error().code ==
        errc::failed_precondition);
  for (const auto& network : {network_of("0.3.1"), network_of("1.0.0", R"("disableCheck":true,)")}) {
    auto none = sequence::plan(network, plugins.folders, {verb::check, pod_end(), answer});
    REQUIRE(none);
    CHECK_FALSE(none->next());
    CHECK(none->outcome());
  }
}

TEST_CASE("status and cleaning are asked from 1.1 on") {
  const fake_plugins plugins;
  for (auto what : {verb::status, verb::gc})
    CHECK_FALSE(sequence::plan(network_of("1.0.0"), plugins.folders, {what})->next());
  auto status = sequence::plan(network_of("1.1.0"), plugins.folders, {verb::status});
  auto call = status->next();
  CHECK(variable(*call, "CNI_COMMAND") == "STATUS");
  CHECK(variable(*call, "CNI_CONTAINERID") == "(none)");
  const auto told = status->feed(monitor::process_result{1, R"({"code":50,"msg":"no addresses"})", ""});
  CHECK(told.error().code == errc::unavailable);
  CHECK_FALSE(status->next());

  auto gc = sequence::plan(network_of("1.1.0"), plugins.folders, {verb::gc, {}, {}, {{"a", "eth0"}, {"b", "eth1"}}});
  call = gc->next();
  const auto conf = json::parse(call->input);
  CHECK(conf["cni.dev/valid-attachments"][1] == json{{"containerID", "b"}, {"ifname", "eth1"}});
  CHECK(conf["cni.dev/attachments"] == conf["cni.dev/valid-attachments"]);
  CHECK(gc->feed(monitor::process_result{1, "", "no"}));
  CHECK(gc->next());
  CHECK_FALSE(sequence::plan(network_of("1.1.0", R"("disableGC":true,)"), plugins.folders, {verb::gc})->next());
}

TEST_CASE("the version is one that the network allows and all plugins speak") {
  const fake_plugins plugins;
  auto network = network_of("1.1.0", R"("cniVersions":["0.3.1","0.4.0","1.0.0"],)");
  auto ask = sequence::plan(network, plugins.folders, {verb::version});
  REQUIRE(ask);
  CHECK(variable(*ask->next(), "CNI_COMMAND") == "VERSION");
  REQUIRE(ask->feed(monitor::process_result{
      0, R"({"cniVersion":"1.0.0","supportedVersions":["0.3.0","0.3.1","0.4.0","1.0.0"]})", ""}));
  REQUIRE(ask->next());
  REQUIRE(ask->feed(monitor::process_result{0, R"({"supportedVersions":["0.3.1","0.4.0"]})", ""}));
  CHECK(ask->spoken() == std::vector{spec_version::v0_3_1, spec_version::v0_4_0});
  network.versions = ask->spoken();
  CHECK(network.version() == spec_version::v0_4_0);

  auto old = sequence::plan(network, plugins.folders, {verb::version});
  REQUIRE(old->next());
  const auto told = old->feed(monitor::process_result{1, "", "unknown CNI_COMMAND"});
  REQUIRE_FALSE(told);
  CHECK_THAT(told.error().message, contains("plugin bridge speaks none of the versions"));
}

TEST_CASE("what would mean something else to a plugin is refused") {
  const fake_plugins plugins;
  const auto refused = [&](auto change) {
    auto end = pod_end();
    change(end);
    const auto planned = sequence::plan(network_of("1.0.0"), plugins.folders, {verb::add, end});
    return planned ? std::string("accepted") : planned.error().message;
  };
  CHECK_THAT(refused([](auto& end) { end.args[2].second = "web;K8S_POD_UID=other"; }), contains("cannot be passed"));
  CHECK_THAT(refused([](auto& end) { end.id = "../x"; }), contains("'../x'"));
  CHECK_THAT(refused([](auto& end) { end.interface = "eth0/../.."; }), contains("interface"));
  CHECK_THAT(refused([](auto& end) { end.namespace_path.clear(); }), contains("no network namespace"));
}

TEST_CASE("capability arguments are written as the conventions have them") {
  const fake_plugins plugins;
  const auto network = parse_network(R"({"name":"n","cniVersion":"1.0.0","type":"bridge","capabilities":{
    "bandwidth":true,"dns":true,"ipRanges":true,"ips":true,"mac":true,"cgroupPath":true,
    "io.kubernetes.cri.pod-annotations":true,"portMappings":true}})",
                                     "f.conf");
  REQUIRE(network);
  auto end = pod_end();
  end.runtime.ports.clear();
  end.runtime.bandwidth = bandwidth_limit{1'000'000, 2'000, 0, 0};
  end.runtime.dns = {{"10.0.0.10"}, {"svc.local"}, {"ndots:5"}};
  end.runtime.ip_ranges = {{{"10.1.0.0/24", "", "", ""}}, {{"fd00::/64", "fd00::10", "fd00::20", "fd00::1"}}};
  end.runtime.ips = {"10.1.0.7/24"};
  end.runtime.cgroup_path = "/kubepods/pod1";
  end.runtime.annotations = {{"a", "b"}};
  auto add = sequence::plan(*network, plugins.folders, {verb::add, end});
  REQUIRE(add);
  CHECK(json::parse(add->next()->input)["runtimeConfig"] == json::parse(R"({
    "bandwidth":{"ingressRate":1000000,"ingressBurst":2000},
    "dns":{"servers":["10.0.0.10"],"searches":["svc.local"],"options":["ndots:5"]},
    "ipRanges":[[{"subnet":"10.1.0.0/24"}],
      [{"subnet":"fd00::/64","rangeStart":"fd00::10","rangeEnd":"fd00::20","gateway":"fd00::1"}]],
    "ips":["10.1.0.7/24"],"mac":"02:00:00:00:00:01","cgroupPath":"/kubepods/pod1",
    "io.kubernetes.cri.pod-annotations":{"a":"b"}})"));
}
