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

sandbox_record sandbox_of(const container_record& record) {
  sandbox_record sandbox;
  sandbox.name = record.sandbox;
  sandbox.network_mode = record.options.network_mode;
  sandbox.ports = record.options.ports;
  sandbox.hostname = record.options.hostname;
  sandbox.monitor = record.monitor;
  sandbox.created_at = record.created_at;
  return sandbox;
}

std::string host_name_of(const engine_config& config, const container_record& record) {
  if (!record.options.hostname.empty()) return record.options.hostname;
  if (record.options.network_mode == "host" || record.options.uts_mode == "host") return config.host_name;
  return record.name.id.substr(0, 12);
}

std::string cgroup_of(const engine_config& config, const container_record& record) {
  const auto& parent = record.options.cgroup_parent.empty() ? config.cgroup_parent : record.options.cgroup_parent;
  if (in_pod(record)) return parent + "/" + record.name.id; // the pod's own
  return parent + "/" + record.name.ns + "/" + record.name.id;
}

} // namespace gantry
