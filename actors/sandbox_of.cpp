#include "actors/sandbox_of.hpp"

#include <algorithm>
#include <charconv>

namespace gantry {

std::uint32_t monitor_for(const key& sandbox, std::size_t monitors) {
  unsigned spread = 0;
  const auto* digits = sandbox.id.data();
  std::from_chars(digits, digits + std::min<std::size_t>(4, sandbox.id.size()), spread, 16);
  return static_cast<std::uint32_t>(spread % monitors);
}

bool in_pod(const container_record& record) { return !record.options.in_pod.pod.id.empty(); }

container_record new_record(const create_container& request, std::size_t monitors) {
  container_record record;
  record.name = request.name;
  record.options = request.options;
  record.sandbox = in_pod(record) ? record.options.in_pod.pod : request.name;
  record.monitor = request.in ? request.in->monitor : monitor_for(record.sandbox, monitors);
  record.created_at = now();
  return record;
}

network_endpoint detached(const endpoint_options& asked) {
  network_endpoint end;
  end.network = asked.network;
  end.asked = asked;
  return end;
}

namespace {

std::vector<network_endpoint> endpoints_of(const container_options& options) {
  std::vector<network_endpoint> ends;
  for (const auto& asked : options.networks) ends.push_back(detached(asked));
  auto on_bridge = [](const network_endpoint& end) { return end.network == "bridge"; };
  if (options.network_mode == "bridge" && std::none_of(ends.begin(), ends.end(), on_bridge))
    ends.insert(ends.begin(), detached({"bridge", "bridge", {}, {}, {}}));
  if (!ends.empty() && ends.front().asked.mac.empty()) ends.front().asked.mac = options.mac_address;
  return ends;
}

/// "80/tcp", "80" or "8000-8010/udp", as it was checked when it came in.
void add_exposed(const std::string& text, std::vector<port_binding>& ports) {
  unsigned first = 0, last = 0;
  const auto* end = text.data() + text.size();
  auto parsed = std::from_chars(text.data(), end, first);
  if (parsed.ec != std::errc{}) return;
  last = first;
  if (parsed.ptr != end && *parsed.ptr == '-') parsed = std::from_chars(parsed.ptr + 1, end, last);
  std::string protocol = parsed.ptr != end && *parsed.ptr == '/' ? std::string(parsed.ptr + 1, end) : "tcp";
  for (auto port = first; port != 0 && port <= std::min(last, 65'535U); ++port) {
    auto number = static_cast<std::uint16_t>(port);
    auto same = [&](const port_binding& p) { return p.container_port == number && p.protocol == protocol; };
    if (std::none_of(ports.begin(), ports.end(), same)) ports.push_back({number, protocol, {}, 0});
  }
}

} // namespace

std::vector<std::string> names_of(const container_record& record, const std::vector<std::string>& aliases) {
  std::vector<std::string> names{record.display_name};
  auto add = [&](const std::string& name) {
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const auto& alias : aliases) add(alias);
  add(record.name.id.substr(0, 12));
  add(record.options.hostname);
  return names;
}

std::vector<port_binding> all_ports_of(const container_options& options) {
  auto ports = options.ports;
  for (const auto& text : options.exposed_ports) add_exposed(text, ports);
  return ports;
}

sandbox_record sandbox_of(const container_record& record) {
  sandbox_record sandbox;
  sandbox.name = record.sandbox;
  sandbox.network_mode = record.options.network_mode;
  sandbox.ports = record.options.ports;
  sandbox.hostname = record.options.hostname;
  sandbox.endpoints = endpoints_of(record.options);
  sandbox.monitor = record.monitor;
  sandbox.created_at = record.created_at;
  return sandbox;
}

std::string host_name_of(const engine_config& config, const container_record& record) {
  if (!record.options.hostname.empty()) return record.options.hostname;
  if (record.options.network_mode == "host" || record.options.uts_mode == "host") return config.host_name;
  return record.name.id.substr(0, 12);
}

} // namespace gantry
