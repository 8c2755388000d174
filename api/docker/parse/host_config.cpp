#include <array>
#include <charconv>

#include "api/docker/parse/parts.hpp"
#include "messages/domain/quote.hpp"

// HostConfig: what a container gets from this host (Docker Engine API, "HostConfig").
namespace gantry::docker::parts {

result<std::int64_t> parse_size(std::string_view text) {
  std::int64_t value = 0;
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  auto unit = std::string_view(parsed.ptr, static_cast<std::size_t>(text.data() + text.size() - parsed.ptr));
  int shift = -1;
  if (unit.empty() || unit == "b" || unit == "B") shift = 0;
  for (std::size_t i = 0; i < 4 && shift < 0; ++i) {
    auto letter = "kmgt"[i];
    if ((unit[0] | 0x20) == letter &&
        (unit.size() == 1 || unit.substr(1) == "b" || unit.substr(1) == "B" || unit.substr(1) == "iB"))
      shift = 10 * static_cast<int>(i + 1);
  }
  if (parsed.ec != std::errc{} || shift < 0 || value < 0 || value > (INT64_MAX >> shift))
    return fail(errc::invalid_argument, "invalid size: {}: write a number with k, m or g", quote(text));
  return value << shift;
}

namespace {

constexpr std::int64_t least_writable_memory = 1 << 20;

/// `memory`: our own. Of dockerd's, `size` needs quotas of the disk's file system.
result<void> read_storage(const std::map<std::string, std::string>& options, container_options& into) {
  for (const auto& [name, value] : options) {
    if (name != "memory")
      return fail(errc::invalid_argument,
                  "storage option {} is not supported: memory=SIZE puts the writable layer there", quote(name));
    GANTRY_LET(into.writable_memory, parse_size(value));
    if (into.writable_memory != 0 && into.writable_memory < least_writable_memory)
      return fail(errc::invalid_argument, "storage option memory={}: write 1m or more, or 0 for a layer on disk",
                  quote(value));
    if (into.writable_memory != 0 && into.read_only_rootfs)
      return fail(errc::invalid_argument, "storage option memory: a container with a read-only root has no such layer");
  }
  return {};
}

result<void> read_shown(json_fields& fields, shown_again& into) {
  fields.read("Isolation", into.isolation);
  fields.read("VolumeDriver", into.volume_driver);
  GANTRY_TRY(checked(fields, "HostConfig"));
  if (!into.isolation.empty() && !same_name(into.isolation, "default"))
    return fail(errc::invalid_argument, "invalid isolation ({}): linux only supports 'default'",
                into.isolation.substr(0, 64));
  if (!into.volume_driver.empty() && into.volume_driver != "local")
    return fail(errc::invalid_argument, "HostConfig.VolumeDriver: {} is not supported: volumes are \"local\"",
                quote(into.volume_driver));
  return {};
}

result<void> check_mode(std::string_view field, std::string_view value,
                        std::initializer_list<std::string_view> allowed) {
  for (auto one : allowed)
    if (value == one || (one == "container:" && value.size() > one.size() && value.starts_with(one))) return {};
  return fail(errc::invalid_argument, "HostConfig.{}: invalid mode {}", field, quote(value));
}

result<void> read_modes(json_fields& fields, container_options& into) {
  fields.read("PidMode", into.pid_mode);
  fields.read("IpcMode", into.ipc_mode);
  fields.read("UTSMode", into.uts_mode);
  fields.read("UsernsMode", into.userns_mode);
  fields.read("CgroupnsMode", into.cgroupns_mode);
  std::string network;
  fields.read("NetworkMode", network);
  if (!network.empty() && network != "default") into.network_mode = network;
  GANTRY_TRY(checked(fields, "HostConfig"));
  GANTRY_TRY(check_mode("PidMode", into.pid_mode, {"", "host", "private", "container:"}));
  GANTRY_TRY(check_mode("IpcMode", into.ipc_mode, {"", "none", "host", "private", "shareable", "container:"}));
  GANTRY_TRY(check_mode("UTSMode", into.uts_mode, {"", "host", "private"}));
  GANTRY_TRY(check_mode("UsernsMode", into.userns_mode, {"", "host", "private"}));
  GANTRY_TRY(check_mode("CgroupnsMode", into.cgroupns_mode, {"", "host", "private"}));
  // Any other NetworkMode is a network's name: whether there is one, the engine knows.
  if (into.network_mode == "container:")
    return fail(errc::invalid_argument, "invalid container format container:<name|id>");
  return {};
}

void read_paths(json_fields& fields, std::string_view name, std::optional<std::vector<std::string>>& into) {
  if (!fields.has(name)) return;
  into.emplace();
  fields.read(name, *into);
}

void read_switches(json_fields& fields, container_options& into) {
  fields.read("Privileged", into.privileged);
  fields.read("ReadonlyRootfs", into.read_only_rootfs);
  fields.read("Init", into.init);
  fields.read("AutoRemove", into.auto_remove);
  fields.read("PublishAllPorts", into.publish_all);
}

void read_lists(json_fields& fields, container_options& into) {
  fields.read_list_or_string("CapAdd", into.cap_add);
  fields.read_list_or_string("CapDrop", into.cap_drop);
  fields.read("SecurityOpt", into.security_opt);
  fields.read("Sysctls", into.sysctls);
  fields.read("Annotations", into.annotations);
  fields.read("ExtraHosts", into.extra_hosts);
  fields.read("Dns", into.dns);
  fields.read("DnsSearch", into.dns_search);
  fields.read("DnsOptions", into.dns_options);
  fields.read("GroupAdd", into.group_add);
  fields.read("VolumesFrom", into.volumes_from);
  fields.read("Runtime", into.runtime);
  fields.read("CgroupParent", into.cgroup_parent);
  read_paths(fields, "MaskedPaths", into.masked_paths);
  read_paths(fields, "ReadonlyPaths", into.readonly_paths);
}

} // namespace

result<void> read_host_config(object host, container_options& into) {
  json_fields fields(host);
  read_switches(fields, into);
  read_lists(fields, into);
  std::int64_t shm = 0, oom = 0;
  fields.read("ShmSize", shm, 0, INT64_MAX);
  if (shm > 0) into.shm_size = shm;
  fields.read("OomScoreAdj", oom, INT32_MIN, INT32_MAX);
  if (oom < -1000 || oom > 1000)
    return fail(errc::invalid_argument, "Invalid value {}, range for oom score adj is [-1000, 1000]", oom);
  if (oom != 0) into.oom_score_adj = static_cast<int>(oom);
  std::map<std::string, std::string> storage;
  fields.read("StorageOpt", storage);
  GANTRY_TRY(read_console(fields, into.console));
  GANTRY_TRY(read_storage(storage, into));
  GANTRY_TRY(read_shown(fields, into.shown));
  if (auto restart = fields.object("RestartPolicy")) GANTRY_TRY(read_restart(*restart, into.restart));
  if (auto log = fields.object("LogConfig")) GANTRY_TRY(read_log(*log, into.log));
  return read_modes(fields, into);
}

} // namespace gantry::docker::parts
