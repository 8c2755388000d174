#include "runtime/network/cni/arguments.hpp"

#include "runtime/network/cni/names.hpp"

namespace gantry::network::cni {
namespace {

constexpr std::size_t max_arguments = 64u << 10;

std::string_view word_of(verb what) {
  switch (what) {
  case verb::add:
    return "ADD";
  case verb::check:
    return "CHECK";
  case verb::del:
    return "DEL";
  case verb::status:
    return "STATUS";
  case verb::gc:
    return "GC";
  case verb::version:
    return "VERSION";
  }
  return {};
}

void put_text(json& object, const char* name, const std::string& value) {
  if (!value.empty()) object[name] = value;
}

json port_mappings(const std::vector<port_binding>& ports) {
  auto list = json::array();
  for (const auto& port : ports) {
    if (port.host_port == 0) continue;
    json one = {{"hostPort", port.host_port}, {"containerPort", port.container_port}, {"protocol", port.protocol}};
    put_text(one, "hostIP", port.host_ip);
    list.push_back(std::move(one));
  }
  return list;
}

json bandwidth_json(const bandwidth_limit& limit) {
  auto object = json::object();
  const auto put = [&object](const char* name, std::int64_t value) {
    if (value > 0) object[name] = value;
  };
  put("ingressRate", limit.ingress_rate);
  put("ingressBurst", limit.ingress_burst);
  put("egressRate", limit.egress_rate);
  put("egressBurst", limit.egress_burst);
  return object;
}

json dns_json(const resolver& dns) {
  auto object = json::object();
  if (!dns.servers.empty()) object["servers"] = dns.servers;
  if (!dns.searches.empty()) object["searches"] = dns.searches;
  if (!dns.options.empty()) object["options"] = dns.options;
  return object;
}

json ranges_json(const std::vector<std::vector<address_range>>& sets) {
  auto list = json::array();
  for (const auto& set : sets) {
    auto ranges = json::array();
    for (const auto& range : set) {
      json one = {{"subnet", range.subnet}};
      put_text(one, "rangeStart", range.first);
      put_text(one, "rangeEnd", range.last);
      put_text(one, "gateway", range.gateway);
      ranges.push_back(std::move(one));
    }
    list.push_back(std::move(ranges));
  }
  return list;
}

json valid_attachments(const std::vector<attachment_name>& valid) {
  auto list = json::array();
  for (const auto& one : valid) list.push_back({{"containerID", one.id}, {"ifname", one.interface}});
  return list;
}

/// "A=1;B=2". A ';' in a value would begin another pair.
result<std::string> pairs_text(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string text;
  for (const auto& [name, value] : pairs) {
    if (name.empty() || name.find_first_of("=;") != std::string::npos || value.find(';') != std::string::npos ||
        (name + value).find('\0') != std::string::npos)
      return fail(errc::invalid_argument, "the CNI argument {}={} cannot be passed: it has a ';' or '='", name, value);
    text += (text.empty() ? "" : ";") + name + "=" + value;
  }
  if (text.size() > max_arguments) return fail(errc::invalid_argument, "CNI arguments of {} bytes", text.size());
  return text;
}

result<void> check_end(const operation& what) {
  const auto& end = what.end;
  if (!is_cni_name(end.id))
    return fail(errc::invalid_argument, "'{}' cannot be the id of a container for CNI", end.id.substr(0, 64));
  if (!is_link_name(end.interface))
    return fail(errc::invalid_argument, "'{}' cannot be the name of an interface", end.interface.substr(0, 64));
  if (end.namespace_path.find('\0') != std::string::npos || (end.namespace_path.empty() && what.what != verb::del))
    return fail(errc::invalid_argument, "{}: no network namespace to attach", end.id);
  return {};
}

} // namespace

std::vector<std::pair<std::string, std::string>> pod_arguments(std::string pod_namespace, std::string name,
                                                               std::string sandbox_id, std::string uid) {
  return {{"IgnoreUnknown", "1"},
          {"K8S_POD_NAMESPACE", std::move(pod_namespace)},
          {"K8S_POD_NAME", std::move(name)},
          {"K8S_POD_INFRA_CONTAINER_ID", std::move(sandbox_id)},
          {"K8S_POD_UID", std::move(uid)}};
}

json capability_arguments(const runtime_arguments& from) {
  auto all = json::object();
  const auto put = [&all](const char* name, json value) {
    if (!value.empty()) all[name] = std::move(value);
  };
  put("portMappings", port_mappings(from.ports));
  if (from.bandwidth) put("bandwidth", bandwidth_json(*from.bandwidth));
  put("dns", dns_json(from.dns));
  put("ipRanges", ranges_json(from.ip_ranges));
  put("ips", json(from.ips));
  put_text(all, "mac", from.mac);
  put_text(all, "cgroupPath", from.cgroup_path);
  put("io.kubernetes.cri.pod-annotations", json(from.annotations));
  return all;
}

json execution_document(const network_config& network, const plugin_config& plugin, const operation& what) {
  auto document = parse_document(plugin.document).value_or(json::object());
  document["name"] = network.name;
  document["cniVersion"] = to_string(network.version());
  if (what.what == verb::gc) {
    document["cni.dev/valid-attachments"] = valid_attachments(what.valid);
    document["cni.dev/attachments"] = document["cni.dev/valid-attachments"]; // the name that plugins of 1.2.0 read
    return document;
  }
  if (what.what == verb::status || what.what == verb::version) return document;
  auto wanted = json::object();
  const auto all = capability_arguments(what.end.runtime);
  for (const auto& [name, value] : all.items())
    if (plugin.capabilities.contains(name)) wanted[name] = value;
  document.erase("runtimeConfig");
  if (!wanted.empty()) document["runtimeConfig"] = std::move(wanted);
  return document;
}

result<std::vector<std::string>> environment_of(const operation& what, const plugin_folders& folders) {
  std::vector<std::string> environment = {fmt::format("CNI_COMMAND={}", word_of(what.what)),
                                          fmt::format("CNI_PATH={}", fmt::join(folders, ":")),
                                          "PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"};
  if (what.what != verb::add && what.what != verb::check && what.what != verb::del) return environment;
  GANTRY_TRY(check_end(what));
  GANTRY_LET(auto pairs, pairs_text(what.end.args));
  environment.push_back("CNI_CONTAINERID=" + what.end.id);
  environment.push_back("CNI_NETNS=" + what.end.namespace_path);
  environment.push_back("CNI_IFNAME=" + what.end.interface);
  environment.push_back("CNI_ARGS=" + pairs);
  return environment;
}

} // namespace gantry::network::cni
