#pragma once

#include <algorithm>

#include "actors/network.hpp"
#include "tests/actors/cast.hpp"

namespace gantry::test {

inline std::string env_of(const monitor::run_process& request, const std::string& name) {
  for (const auto& entry : request.env)
    if (entry.starts_with(name + "=")) return entry.substr(name.size() + 1);
  return {};
}

/// "iptables -C", "portmap ADD", "ip delete".
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

/// Notes what it is asked among the steps of programs.
inline links_actor::behavior_type fake_links(links_actor::pointer self, script* play, std::vector<std::string>* steps,
                                             std::vector<veth>* connected) {
  return {
      [=](const make_bridge&) {
        steps->emplace_back("make bridge");
        return perform(self, play, "links.make_bridge", done{});
      },
      [=](const connect_link& request) {
        steps->emplace_back("connect");
        connected->push_back(request.end);
        return perform(self, play, "links.connect", connected_link{"02:00:00:00:00:01"});
      },
      [=](const disconnect_link&) {
        steps->emplace_back("disconnect");
        return perform(self, play, "links.disconnect", done{});
      },
  };
}

struct network_stage : cast {
  std::vector<std::string> steps;
  std::vector<monitor::run_process> requests; ///< the programs among the steps
  std::vector<veth> connected;
  std::set<std::string> failing;
  std::vector<publish_names> published;
  int names_forgotten = 0;
  network_actor network;

  explicit network_stage(const std::vector<network_definition>& found = {}) {
    play.program = [this](const monitor::run_process& request) { return reply(request); };
    auto names = on.spawn(fake_names, &play, &published, &names_forgotten);
    network_parts with{network::bridge_network{},
                       network::unique_local_of("0123456789abcdef"),
                       parts->launchers,
                       parts->metadata,
                       parts->events,
                       names,
                       on.spawn(fake_links, &play, &steps, &connected)};
    network = on.spawn(network_supervisor, with, found);
  }
  monitor::process_result reply(const monitor::run_process& request) {
    auto step = step_of(request);
    steps.push_back(step);
    requests.push_back(request);
    if (failing.contains(step)) return {1, R"({"cniVersion":"1.0.0","code":11,"msg":"try again"})", "no"};
    if (step.ends_with("tables -C")) return {1, "", "no such rule"};
    return {0, "", ""};
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
  answer<done> detach(int n, std::vector<port_binding> ports = {}) {
    network_endpoint end{"bridge", "", "", "", 0, std::move(ports)};
    return on.ask<done>(network, detach_network{sandbox(n), std::move(end), "/proc/1/ns/net", 0});
  }
};

} // namespace gantry::test
