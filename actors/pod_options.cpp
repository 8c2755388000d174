#include "actors/pod_options.hpp"

#include "actors/cgroup_paths.hpp"

namespace gantry::pod {
namespace {

constexpr std::int64_t shared_memory = 64 << 20; // bytes of /dev/shm

std::string join(namespace_mode mode) { return mode == namespace_mode::node ? "host" : ""; }

std::string host_name_of(const pod_record& pod) {
  return pod.options.hostname.empty() ? pod.name.id.substr(0, 12) : pod.options.hostname;
}

void take_names(container_options& options, const pod_record& pod) {
  bool node_network = pod.options.network == namespace_mode::node;
  options.network_mode = node_network ? "host" : "container:" + pod.name.id;
  options.uts_mode = node_network ? "host" : "";
  options.hostname = node_network ? "" : host_name_of(pod);
  options.domainname.clear();
  options.ipc_mode = join(pod.options.ipc);
  options.pid_mode = join(options.in_pod.pid);
  if (!pod.options.dns) return;
  options.dns = pod.options.dns->servers;
  options.dns_search = pod.options.dns->searches;
  options.dns_options = pod.options.dns->options;
}

} // namespace

result<container_options> complete(const engine_config& config, const pod_record& pod, container_options options) {
  if (options.in_pod.name.empty()) return fail(errc::invalid_argument, "a container of a pod needs a name");
  if (options.privileged && !pod.options.privileged)
    return fail(errc::invalid_argument, "container {}: its pod {} is not privileged, so it cannot be either",
                options.in_pod.name, pod.name.id);
  options.in_pod.pod = pod.name;
  // POD is the protocol's zero value: whoever writes nothing means what the pod has.
  if (options.in_pod.pid == namespace_mode::pod) options.in_pod.pid = pod.options.pid;
  options.in_pod.uid_map = pod.options.uid_map;
  options.in_pod.gid_map = pod.options.gid_map;
  take_names(options, pod);
  options.sysctls.clear(); // set once, in the pod's namespaces
  if (options.runtime.empty()) options.runtime = pod.options.runtime;
  options.cgroup_parent = cgroup_of(config, pod);
  options.restart = {}; // whoever asked for the pod decides about that
  options.auto_remove = false;
  options.ports.clear(); // published for the pod
  bool logs = !pod.options.log_directory.empty() && !options.in_pod.log_path.empty();
  options.log = log_config{logs ? "cri" : "none", 0, 1};
  return options;
}

std::vector<monitor::id_range> ranges_of(const std::vector<id_mapping>& map) {
  std::vector<monitor::id_range> ranges;
  ranges.reserve(map.size());
  for (const auto& one : map) ranges.push_back({one.container_id, one.host_id, one.length});
  return ranges;
}

std::optional<monitor::make_pod_namespaces> namespaces_of(const engine_config& config, const pod_record& pod) {
  const auto& options = pod.options;
  monitor::make_pod_namespaces wanted;
  wanted.sandbox = pod.name;
  wanted.network = wanted.uts = options.network == namespace_mode::pod;
  wanted.ipc = options.ipc == namespace_mode::pod;
  wanted.pid = options.pid == namespace_mode::pod;
  if (!wanted.network && !wanted.ipc && !wanted.pid) return std::nullopt;
  if (wanted.uts) wanted.hostname = host_name_of(pod);
  wanted.uids = ranges_of(options.uid_map);
  wanted.gids = ranges_of(options.gid_map);
  wanted.sysctls.assign(options.sysctls.begin(), options.sysctls.end());
  wanted.cgroup = pause_cgroup_of(config, pod);
  if (wanted.ipc) wanted.shm_bytes = shared_memory;
  return wanted;
}

result<std::string> log_path_of(const pod_record& pod, const pod_member& member) {
  const auto& folder = pod.options.log_directory;
  if (folder.empty() || member.log_path.empty()) return std::string();
  if (("/" + member.log_path + "/").find("/../") != std::string::npos)
    return fail(errc::invalid_argument, "the log path {} leaves the pod's log directory", member.log_path);
  return folder + (folder.ends_with('/') ? "" : "/") + member.log_path;
}

std::string display_name_of(const pod_record& pod, const pod_member& member) {
  const auto& of = pod.options.metadata;
  return fmt::format("k8s_{}_{}_{}_{}_{}_{}", member.name, of.name, of.ns, of.uid, of.attempt, member.attempt);
}

} // namespace gantry::pod
