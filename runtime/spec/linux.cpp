#include "runtime/spec/linux.hpp"

#include <algorithm>
#include <array>

#include "runtime/spec/paths.hpp"

namespace gantry::spec {
namespace {

constexpr std::array<std::string_view, 5> read_only_paths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                                             "/proc/sysrq-trigger"};
constexpr std::array<std::string_view, 12> masked_paths = {
    "/proc/acpi",       "/proc/asound",        "/proc/interrupts",  "/proc/kcore",
    "/proc/keys",       "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi",
    "/proc/timer_list", "/proc/timer_stats",   "/sys/firmware",     "/sys/devices/virtual/powercap"};

/// kernel.* values that an IPC namespace holds (namespaces(7), ipc_namespaces(7)).
constexpr std::array<std::string_view, 9> ipc_sysctls = {
    "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni",          "kernel.sem",        "kernel.shmall",
    "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced", "kernel.auto_msgmni"};

/// One namespace: shared with the host (nothing), joined by path, or new.
result<void> add(json& list, std::string_view type, const std::string& mode, const std::string& path) {
  if (mode == "host") return {};
  json one = {{"type", type}};
  if (mode.starts_with("container:")) {
    if (path.empty())
      return fail(errc::failed_precondition, "cannot join the {} namespace of {}: it is not running", type, mode);
    one["path"] = path;
  } else if (!mode.empty() && mode != "private" && mode != "shareable" && !(type == "ipc" && mode == "none")) {
    return fail(errc::invalid_argument, "invalid {} mode '{}': use host, private or container:NAME", type,
                mode.substr(0, 64));
  } else if (!path.empty()) {
    one["path"] = path;
  }
  list.push_back(std::move(one));
  return {};
}

/// Docker's default: private on v2, the host's on v1, where a private one would need all hierarchies mounted anew.
std::string cgroup_namespace_mode(const spec_input& input) {
  if (!input.options.cgroupns_mode.empty()) return input.options.cgroupns_mode;
  return input.facts.cgroups.how == cgroup::mode::v2 ? "private" : "host";
}

result<void> check_sysctl(const std::string& name, const spec_input& input) {
  const auto host = [&](std::string_view what) {
    return fail(errc::invalid_argument, "sysctl '{}' is not allowed in the host's {} namespace", name.substr(0, 128),
                what);
  };
  const bool is_ipc =
      name.starts_with("fs.mqueue.") || std::find(ipc_sysctls.begin(), ipc_sysctls.end(), name) != ipc_sysctls.end();
  if (is_ipc && input.options.ipc_mode == "host") return host("IPC");
  if (name.starts_with("net.") && input.host_network) return host("network");
  if (name == "kernel.domainname" && !has_own_hostname(input)) return host("UTS");
  if (is_ipc || name.starts_with("net.") || name == "kernel.domainname") return {};
  return fail(errc::invalid_argument,
              "sysctl '{}' is not namespaced: it would change the host: use net.*, fs.mqueue.*, kernel.msg*, "
              "kernel.sem or kernel.shm*",
              name.substr(0, 128));
}

bool joins_network(const spec_input& input) { return input.options.network_mode.starts_with("container:"); }

} // namespace

bool has_own_hostname(const spec_input& input) {
  return input.options.uts_mode != "host" && input.uts_namespace_path.empty();
}

result<json> namespaces_json(const spec_input& input) {
  const auto& options = input.options;
  if (!options.userns_mode.empty() && options.userns_mode != "host")
    return fail(errc::invalid_argument, "invalid userns mode '{}': user namespaces are not set up: use host",
                options.userns_mode.substr(0, 64));
  auto list = json::array({json{{"type", "mount"}}});
  if (has_own_users(input)) GANTRY_TRY(add(list, "user", {}, input.user_namespace_path));
  if (!input.host_network) GANTRY_TRY(add(list, "network", {}, input.network_namespace_path));
  GANTRY_TRY(add(list, "uts", options.uts_mode, input.uts_namespace_path));
  GANTRY_TRY(add(list, "pid", options.pid_mode, input.pid_namespace_path));
  GANTRY_TRY(add(list, "ipc", options.ipc_mode, input.ipc_namespace_path));
  GANTRY_TRY(add(list, "cgroup", cgroup_namespace_mode(input), {}));
  return list;
}

bool has_own_users(const spec_input& input) { return !input.options.in_pod.uid_map.empty(); }

json id_maps_json(const std::vector<id_mapping>& map) {
  auto list = json::array();
  for (const auto& one : map)
    list.push_back({{"containerID", one.container_id}, {"hostID", one.host_id}, {"size", one.length}});
  return list;
}

result<json> sysctls_json(const spec_input& input) {
  auto list = json::object();
  // Ports below 1024 and ping without privileges, as docker has it: the network is the container's own.
  if (!input.host_network && !joins_network(input)) {
    if (input.facts.unprivileged_ports) list["net.ipv4.ip_unprivileged_port_start"] = "0";
    if (input.facts.ping_group) list["net.ipv4.ping_group_range"] = "0 2147483647";
  }
  if (!input.options.domainname.empty() && has_own_hostname(input)) {
    GANTRY_TRY(check_text(input.options.domainname, "the domain name"));
    list["kernel.domainname"] = input.options.domainname;
  }
  for (const auto& [name, value] : input.options.sysctls) {
    GANTRY_TRY(check_text(value, "a sysctl"));
    // Runtimes turn dots into slashes: anything else that could form a path stays out.
    if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/") !=
            std::string::npos ||
        name.find("..") != std::string::npos)
      return fail(errc::invalid_argument, "sysctl '{}' is not a name", name.substr(0, 128));
    GANTRY_TRY(check_sysctl(name, input));
    list[name] = value;
  }
  return list;
}

path_rules paths_of(const spec_input& input, const security_options& security) {
  const auto& options = input.options;
  path_rules rules;
  if (options.masked_paths) {
    rules.masked = *options.masked_paths;
  } else if (!options.privileged && !security.paths_unconfined) {
    rules.masked.assign(masked_paths.begin(), masked_paths.end());
    rules.masked.insert(rules.masked.end(), input.facts.thermal_paths.begin(), input.facts.thermal_paths.end());
  }
  if (options.readonly_paths)
    rules.read_only = *options.readonly_paths;
  else if (!options.privileged && !security.paths_unconfined)
    rules.read_only.assign(read_only_paths.begin(), read_only_paths.end());
  return rules;
}

} // namespace gantry::spec
