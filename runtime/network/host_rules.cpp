#include "runtime/network/host_rules.hpp"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <set>

#include "runtime/network/kernel_switch.hpp"

namespace gantry::network {
namespace {

using words = std::vector<std::string>;

constexpr auto search_path = "PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin";

/// Monitors run programs by absolute path alone. One that is nowhere keeps a path, so that the failure names it.
std::string located(const std::string& name) {
  for (const std::string folder : {"/usr/local/sbin/", "/usr/sbin/", "/sbin/", "/usr/local/bin/", "/usr/bin/", "/bin/"})
    if (::access((folder + name).c_str(), X_OK) == 0) return folder + name;
  return "/usr/sbin/" + name;
}

monitor::run_process program(words argv) {
  argv.front() = located(argv.front());
  monitor::run_process request;
  request.argv = std::move(argv);
  request.env = {search_path};
  return request;
}

/// -w: waits for the lock that concurrent CNI plugins hold.
monitor::run_process iptables(ip_family of, const std::string& table, const std::string& action, const words& rule) {
  words argv = {of == ip_family::v4 ? "iptables" : "ip6tables", "-w", "-t", table, action};
  argv.insert(argv.end(), rule.begin(), rule.end());
  return program(std::move(argv));
}

struct host_rule {
  ip_family family;
  std::string table;
  words rule; ///< the chain first
};

std::vector<host_rule> rules_of(const bridge_network& network, const bridge_subnet& of) {
  const auto family = family_of(of.subnet);
  const words comment = {"-m", "comment", "--comment", "gantry " + network.bridge};
  const auto rule = [&](std::string table, words match, words verdict) {
    match.insert(match.end(), comment.begin(), comment.end());
    match.insert(match.end(), verdict.begin(), verdict.end());
    return host_rule{family, std::move(table), std::move(match)};
  };
  const auto& bridge = network.bridge;
  const words answers = {"-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED,DNAT"};
  const words others = {"-m", "conntrack", "!", "--ctstate", "RELATED,ESTABLISHED,DNAT"};
  const auto with = [](words match, const words& more) {
    match.insert(match.end(), more.begin(), more.end());
    return match;
  };
  std::vector<host_rule> rules;
  if (network.masquerade)
    rules.push_back(rule("nat", {"POSTROUTING", "-s", of.subnet, "!", "-o", bridge}, {"-j", "MASQUERADE"}));
  rules.push_back(rule("filter", {"FORWARD", "-i", bridge}, {"-j", "ACCEPT"}));
  rules.push_back(rule("filter", with({"FORWARD", "-o", bridge}, answers), {"-j", "ACCEPT"}));
  if (network.apart_from.empty()) return rules;
  // A user's network. Its names are asked for at the gateway's address, where a host that drops by default listens not.
  if (family == ip_family::v4)
    rules.push_back(rule("filter", {"INPUT", "-i", bridge, "-p", "udp", "--dport", "53"}, {"-j", "ACCEPT"}));
  // Apart from all others: in mangle, which a packet passes before filter, so that no network's ACCEPT comes first.
  const words from_others = {"FORWARD", "-o", bridge, "!", "-i", bridge},
              to_others = {"FORWARD", "-i", bridge, "!", "-o", bridge};
  if (network.internal) {
    rules.push_back(rule("mangle", from_others, {"-j", "DROP"}));
    rules.push_back(rule("mangle", to_others, {"-j", "DROP"}));
  } else {
    rules.push_back(rule("mangle", with(from_others, others), {"-j", "DROP"}));
    rules.push_back(rule("mangle", with({"FORWARD", "-i", bridge, "-o", network.apart_from}, others), {"-j", "DROP"}));
  }
  return rules;
}

std::vector<host_rule> rules_of(const bridge_network& network) {
  std::vector<host_rule> rules;
  for (const auto& subnet : network.subnets)
    for (auto& one : rules_of(network, subnet)) rules.push_back(std::move(one));
  return rules;
}

/// Calls `visit` with each line.
template<class Visit>
void each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    visit(line);
  }
}

bool has_line(std::string_view text, std::string_view prefix) {
  bool found = false;
  each_line(text, [&](std::string_view line) { found = found || line.starts_with(prefix); });
  return found;
}

/// portmap's chains that all its users share (plugins/meta/portmap, "Chains").
void clean_shared_chains(std::vector<monitor::run_process>& steps, ip_family family, std::string_view rules) {
  if (!has_line(rules, "-N CNI-HOSTPORT-DNAT") || has_line(rules, "-A CNI-HOSTPORT-DNAT ")) return;
  const words local = {"-m", "addrtype", "--dst-type", "LOCAL", "-j", "CNI-HOSTPORT-DNAT"};
  for (const std::string chain : {"PREROUTING", "OUTPUT"}) {
    words rule = {chain};
    rule.insert(rule.end(), local.begin(), local.end());
    if (has_line(rules, "-A " + chain + " -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT"))
      steps.push_back(iptables(family, "nat", "-D", rule));
  }
  steps.push_back(iptables(
      family, "nat", "-D",
      {"POSTROUTING", "-m", "comment", "--comment", "CNI portfwd requiring masquerade", "-j", "CNI-HOSTPORT-MASQ"}));
  for (const std::string chain : {"CNI-HOSTPORT-DNAT", "CNI-HOSTPORT-MASQ", "CNI-HOSTPORT-SETMARK"}) {
    if (!has_line(rules, "-N " + chain)) continue;
    steps.push_back(iptables(family, "nat", "-F", {chain}));
    steps.push_back(iptables(family, "nat", "-X", {chain}));
  }
}

words list_bridge_ports(const std::string& bridge) {
  words names;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(("/sys/class/net/" + bridge + "/brif").c_str()), &::closedir);
  if (!dir) return names;
  while (const auto* entry = ::readdir(dir.get()))
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  return names;
}

} // namespace

std::vector<host_step> prepare_host(const bridge_network& network) {
  std::vector<host_step> steps;
  for (const auto& [family, table, rule] : rules_of(network))
    // In front, so that a chain of another program that drops does not come first.
    steps.push_back({iptables(family, table, "-C", rule), iptables(family, table, "-I", rule)});
  return steps;
}

result<void> enable_forwarding(const bridge_network& network) {
  const auto forward = [](const std::string& name, std::string_view family) -> result<void> {
    auto turned = turn(name, true);
    if (!turned)
      return within(turned.error(), "cannot turn on {} forwarding, without which containers have no network", family);
    return {};
  };
  GANTRY_TRY(forward("ipv4/ip_forward", "IPv4"));
  if (!network.has_ipv6()) return {};
  GANTRY_TRY(require_ipv6());
  return forward("ipv6/conf/all/forwarding", "IPv6");
}

result<void> require_ipv6() {
  if (::access("/proc/sys/net/ipv6", F_OK) != 0)
    return fail(errc::failed_precondition, "this host's kernel has no IPv6: make the network without EnableIPv6");
  if (is_on("ipv6/conf/all/disable_ipv6"))
    return fail(errc::failed_precondition, "IPv6 is switched off on this host: make the network without EnableIPv6, or "
                                           "set the sysctl net.ipv6.conf.all.disable_ipv6 to 0");
  return {};
}

monitor::run_process set_default_route(const std::string& namespace_path, const network_endpoint& end) {
  auto request = program({"nsenter", "--net=" + namespace_path, located("ip"), "-batch", "-"});
  for (const auto& gateway : {end.gateway, end.ip6.gateway})
    if (!gateway.empty()) request.input += fmt::format("route replace default via {} dev {}\n", gateway, end.interface);
  return request;
}

monitor::run_process list_nat_rules(ip_family of) { return iptables(of, "nat", "-S", {}); }

std::vector<monitor::run_process> clean_host(const bridge_network& network, const nat_rules& there_are) {
  std::vector<monitor::run_process> steps;
  for (const auto& [family, table, rule] : rules_of(network)) steps.push_back(iptables(family, table, "-D", rule));
  clean_shared_chains(steps, ip_family::v4, there_are.v4);
  if (network.has_ipv6()) clean_shared_chains(steps, ip_family::v6, there_are.v6);
  // Whose sandbox has no record any more, but a namespace that a monitor still holds.
  for (const auto& port : list_bridge_ports(network.bridge)) steps.push_back(program({"ip", "link", "delete", port}));
  steps.push_back(program({"ip", "link", "delete", network.bridge}));
  return steps;
}

std::vector<std::string> find_published(const bridge_network& network, const nat_rules& there_are) {
  std::set<std::string> ids;
  // portmap's comment on each rule: dnat name: "gantry" id: "docker-…"
  const auto mark = "name: \\\"" + network.cni_name + "\\\" id: \\\"";
  each_line(there_are.v4 + there_are.v6, [&](std::string_view line) {
    auto at = line.find(mark);
    if (at == std::string_view::npos) return;
    line.remove_prefix(at + mark.size());
    ids.emplace(line.substr(0, line.find('\\')));
  });
  return {ids.begin(), ids.end()};
}

leftovers find_leftovers(const bridge_network& network, const nat_rules& there_are) {
  leftovers found;
  found.link = ::access(("/sys/class/net/" + network.bridge).c_str(), F_OK) == 0;
  found.ports = list_bridge_ports(network.bridge);
  const auto ours = "\"gantry " + network.bridge + "\"", named = "name: \\\"" + network.cni_name + "\\\"";
  const auto names_subnet = [&](std::string_view line) {
    return std::any_of(network.subnets.begin(), network.subnets.end(),
                       [&](const auto& one) { return line.find(one.subnet) != std::string_view::npos; });
  };
  each_line(there_are.v4 + there_are.v6, [&](std::string_view line) {
    if (line.find(ours) != std::string_view::npos || line.find(named) != std::string_view::npos || names_subnet(line))
      found.rules.emplace_back(line);
  });
  return found;
}

} // namespace gantry::network
