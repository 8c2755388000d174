#include "actors/pod_network.hpp"

#include <sys/stat.h>

#include "tests/actors/network_stage.hpp"
#include "tests/actors/pod_stage.hpp"

namespace gantry::test {
namespace {

constexpr auto added = R"({"cniVersion":"1.0.0","interfaces":[{"name":"veth1"},{"name":"eth0","sandbox":"/n"}],)"
                       R"("ips":[{"address":"10.1.0.2/24","interface":1},{"address":"fd00::2/64","interface":1}]})";

/// Two plugins, `first` and `second`, that are files; what they answer is scripted.
struct cni_stage : cast {
  temporary_folder cni;
  std::vector<std::string> steps; ///< "first ADD"
  std::set<std::string> failing;
  std::vector<monitor::run_process> requests;
  pod_network_actor network;
  pod_record pod;

  cni_stage() {
    must(sys::make_directories(cni / "bin", 0755));
    must(sys::make_directories(cni / "net.d", 0755));
    for (const auto* plugin : {"first", "second"}) {
      write(cni / ("bin/" + std::string(plugin)), "");
      ::chmod((cni / ("bin/" + std::string(plugin))).c_str(), 0755);
    }
    play.program = [this](const monitor::run_process& request) { return reply(request); };
    network = on.spawn(pod_network_supervisor, cni_paths{cni / "net.d", {cni / "bin"}}, parts->launchers);
    pod.name = {pods_namespace, std::string(64, '1')};
    pod.options = pod_stage::options_of("web");
    pod.network_namespace = "/proc/7/fd/9";
  }
  void configure(const std::string& name = "n") {
    write(cni / "net.d/10.conflist",
          R"({"cniVersion":"1.0.0","name":")" + name + R"(","plugins":[{"type":"first"},{"type":"second"}]})");
  }
  monitor::process_result reply(const monitor::run_process& request) {
    auto program = request.argv.at(0);
    auto step = program.substr(program.rfind('/') + 1) + " " + env_of(request, "CNI_COMMAND");
    steps.push_back(step);
    requests.push_back(request);
    if (failing.contains(step)) return {1, R"({"cniVersion":"1.0.0","code":11,"msg":"try again"})", ""};
    return {0, env_of(request, "CNI_COMMAND") == "ADD" ? added : "", ""};
  }
  pod_view view() const { return std::make_shared<const pod_record>(pod); }
  answer<pod_attachment> attach() { return on.ask<pod_attachment>(network, attach_pod{view()}); }
  answer<done> detach() { return on.ask<done>(network, detach_pod{view()}); }
  pod_network_state state() { return on.ask<pod_network_state>(network, ask_pod_network{}).value(); }
};

} // namespace

TEST_CASE("pod network: the default network's plugins are added in order, and the addresses are the pod's") {
  cni_stage s;
  s.configure();
  auto got = s.attach().value();
  CHECK(s.steps == std::vector<std::string>{"first ADD", "second ADD"});
  CHECK(got.addresses == std::vector<std::string>{"10.1.0.2", "fd00::2"});
  CHECK(got.result == added);
  CHECK_THAT(got.network, Catch::Contains("\"second\""));
  CHECK(env_of(s.requests[0], "CNI_NETNS") == "/proc/7/fd/9");
  CHECK_THAT(env_of(s.requests[0], "CNI_ARGS"), Catch::Contains("K8S_POD_NAME=web"));
}

TEST_CASE("pod network: a detachment goes by the network that the attachment went by") {
  cni_stage s;
  s.configure("old");
  auto got = s.attach().value();
  s.configure("new-one");
  s.pod.cni_network = got.network;
  s.pod.cni_result = got.result;
  CHECK(s.detach().ok());
  CHECK(s.steps == std::vector<std::string>{"first ADD", "second ADD", "second DEL", "first DEL"});
  CHECK_THAT(s.requests.back().input, Catch::Contains("\"old\""));
}

TEST_CASE("pod network: a plugin's failure is told in its words") {
  cni_stage s;
  s.configure();
  s.failing = {"second ADD"};
  CHECK_THAT(s.attach().why().message, Catch::Contains("try again"));
  s.failing = {"second DEL"};
  CHECK_THAT(s.detach().why().message, Catch::Contains("try again"));
  CHECK(s.steps.back() == "first DEL"); // a removal goes on
}

TEST_CASE("pod network: a node without a network is not ready, and says so; one that gets one is") {
  cni_stage s;
  CHECK_FALSE(s.state().ready);
  CHECK(s.state().reason == "NetworkPluginNotReady");
  CHECK(s.attach().why().code == errc::unavailable);
  CHECK(s.detach().ok());
  s.configure();
  CHECK(s.state().ready);
  CHECK(s.state().config_file == s.cni / "net.d/10.conflist");
  ::unlink((s.cni / "bin/second").c_str());
  CHECK_FALSE(s.state().ready);
  CHECK_THAT(s.state().message, Catch::Contains("second"));
}

TEST_CASE("pod network: so many at once, and the drain waits for all") {
  cni_stage s;
  s.configure();
  s.play.held.insert("launcher.run_process");
  std::vector<answer<pod_attachment>> all;
  for (std::size_t n = 0; n < max_pod_network_operations + 1; ++n) all.push_back(s.attach());
  CHECK(s.play.count("launcher.run_process") == max_pod_network_operations);
  auto drained = s.on.ask<done>(s.network, drain_network{});
  CHECK_FALSE(drained.here());
  s.release("launcher.run_process");
  for (const auto& one : all) CHECK(one.ok());
  CHECK(drained.ok());
}

} // namespace gantry::test
