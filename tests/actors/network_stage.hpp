#pragma once

#include <algorithm>

#include <nlohmann/json.hpp>

#include "actors/network.hpp"
#include "tests/actors/cast.hpp"

namespace gantry::test {

inline std::string env_of(const monitor::run_process& request, const std::string& name) {
  for (const auto& entry : request.env)
    if (entry.starts_with(name + "=")) return entry.substr(name.size() + 1);
  return {};
}

/// "iptables -C", "bridge ADD", "ip delete".
inline std::string step_of(const monitor::run_process& request) {
  auto program = request.argv.at(0).substr(request.argv.at(0).rfind('/') + 1);
  auto command = env_of(request, "CNI_COMMAND");
  for (const auto& argument : request.argv)
    for (const auto* verb : {"-C", "-I", "-D", "-S", "-F", "-X", "delete"})
      if (command.empty() && argument == verb) command = verb;
  return program + " " + command;
}

inline name_server_actor::behavior_type fake_names(name_server_actor::pointer self, script* play,
                                                   std::vector<publish_names>* published, int* forgotten) {
  return {
      [=](const publish_names& request) {
        published->push_back(request);
        return perform(self, play, "names.publish", done{});
      },
      [=](const names_recovered&) { ++*forgotten; },
      [](const look_after_names&) {},
  };
}

struct network_stage : cast {
  std::vector<std::string> steps;
  std::vector<std::string> inputs; ///< of the same
  std::set<std::string> failing;
  std::string given = "172.29.0.2/16"; ///< the address that the plugins say
  std::vector<publish_names> published;
  int names_forgotten = 0;
  network_actor network;

  explicit network_stage(const std::vector<network_definition>& found = {}) {
    play.program = [this](const monitor::run_process& request) { return reply(request); };
    auto names = on.spawn(fake_names, &play, &published, &names_forgotten);
    network_parts with{network::bridge_network{}, parts->launchers, parts->metadata, parts->events, names};
    network = on.spawn(network_supervisor, with, found);
  }
  monitor::process_result reply(const monitor::run_process& request) {
    auto step = step_of(request);
    steps.push_back(step);
    inputs.push_back(request.input);
    if (failing.contains(step)) return {1, R"({"cniVersion":"1.0.0","code":11,"msg":"try again"})", "no"};
    if (step == "iptables -C") return {1, "", "no such rule"};
    return {0,
            R"({"cniVersion":"1.0.0","interfaces":[{"name":"eth0","mac":"02:00:00:00:00:01","sandbox":"/n"}],)"
            R"("ips":[{"address":")" +
                given + R"(","gateway":"172.29.0.1","interface":0}]})",
            ""};
  }
  /// The address that the plugin of this step was told to give.
  std::string address_of(std::size_t step) const {
    return nlohmann::json::parse(inputs.at(step))["ipam"]["addresses"][0]["address"];
  }
  std::vector<std::string> actions_of(event::subject type) const {
    std::vector<std::string> actions;
    for (const auto& e : happened)
      if (e.type == type) actions.push_back(e.action);
    return actions;
  }
  std::size_t count(const std::string& step) const {
    return static_cast<std::size_t>(std::count(steps.begin(), steps.end(), step));
  }
  static key sandbox(int n) { return {docker_namespace, "sandbox" + std::to_string(n)}; }
  static attach_network request(int n, std::vector<port_binding> ports = {}) {
    attach_network request;
    request.sandbox = sandbox(n);
    request.end.network = "bridge";
    request.end.default_route = true;
    request.namespace_path = "/proc/1/ns/net";
    request.ports = std::move(ports);
    return request;
  }
  answer<network_endpoint> attach(int n, std::vector<port_binding> ports = {}) {
    return on.ask<network_endpoint>(network, request(n, std::move(ports)));
  }
  answer<done> detach(int n) {
    return on.ask<done>(network, detach_network{sandbox(n), network_endpoint{"bridge", "", "", "", 0, {}}, "", 0});
  }
};

} // namespace gantry::test
