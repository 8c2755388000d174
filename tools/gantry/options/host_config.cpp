#include "tools/gantry/options/host_config.hpp"

#include "messages/domain/cdi.hpp"
#include "tools/gantry/format/units.hpp"
#include "tools/gantry/options/syntax.hpp"

namespace gantry::cli {

namespace {

void set(json& into, const char* field, const std::string& value) {
  if (!value.empty()) into[field] = value;
}
void set(json& into, const char* field, const strings& value) {
  if (!value.empty()) into[field] = value;
}
void set(json& into, const char* field, std::int64_t value) {
  if (value != 0) into[field] = value;
}
void set(json& into, const char* field, bool value) {
  if (value) into[field] = true;
}
void set(json& into, const char* field, const std::map<std::string, std::string>& value) {
  if (!value.empty()) into[field] = value;
}

result<void> set_size(json& into, const char* field, const char* option, const std::string& given) {
  if (given.empty()) return {};
  if (given == "-1" && std::string_view(field) == "MemorySwap") {
    into[field] = -1;
    return {};
  }
  auto size = parse_size(given);
  if (!size) return within(size.error(), "{}", option);
  into[field] = *size;
  return {};
}

/// "/dev/sda:1mb": an amount for each device.
result<void> add_devices(json& host, const char* field, const char* amount, const strings& given) {
  for (const auto& text : given) {
    const auto colon = text.rfind(':');
    const bool sized = std::string_view(field).ends_with("Bps");
    const auto value = colon == std::string::npos ? std::string() : text.substr(colon + 1);
    const auto parsed = sized ? parse_size(value) : parse_integer(value);
    if (!parsed || *parsed < 0 || !text.starts_with('/'))
      return fail(errc::invalid_argument, "{}: write DEVICE:{}, as in /dev/sda:{}", text, sized ? "SIZE" : "NUMBER",
                  sized ? "1mb" : "100");
    host[field].push_back(json::object({{"Path", text.substr(0, colon)}, {amount, *parsed}}));
  }
  return {};
}

result<void> add_block_io(const create_options& o, json& host) {
  set(host, "BlkioWeight", o.blkio_weight);
  GANTRY_TRY(add_devices(host, "BlkioWeightDevice", "Weight", o.blkio_weight_device));
  GANTRY_TRY(add_devices(host, "BlkioDeviceReadBps", "Rate", o.read_bps));
  GANTRY_TRY(add_devices(host, "BlkioDeviceWriteBps", "Rate", o.write_bps));
  GANTRY_TRY(add_devices(host, "BlkioDeviceReadIOps", "Rate", o.read_iops));
  return add_devices(host, "BlkioDeviceWriteIOps", "Rate", o.write_iops);
}

result<void> add_limits(const create_options& o, json& host) {
  GANTRY_TRY(set_size(host, "Memory", "--memory", o.memory));
  GANTRY_TRY(set_size(host, "MemorySwap", "--memory-swap", o.memory_swap));
  GANTRY_TRY(set_size(host, "MemoryReservation", "--memory-reservation", o.memory_reservation));
  GANTRY_TRY(set_size(host, "ShmSize", "--shm-size", o.shm_size));
  if (o.memory_swappiness) host["MemorySwappiness"] = *o.memory_swappiness;
  if (!o.cpus.empty()) {
    auto cpus = parse_decimal(o.cpus, 9);
    if (!cpus) return within(cpus.error(), "--cpus");
    host["NanoCpus"] = *cpus;
  }
  set(host, "CpuShares", o.cpu_shares);
  set(host, "CpuQuota", o.cpu_quota);
  set(host, "CpuPeriod", o.cpu_period);
  set(host, "CpusetCpus", o.cpuset_cpus);
  set(host, "CpusetMems", o.cpuset_mems);
  set(host, "PidsLimit", o.pids_limit);
  GANTRY_TRY(add_block_io(o, host));
  set(host, "OomKillDisable", o.oom_kill_disable);
  if (o.oom_score_adj) host["OomScoreAdj"] = *o.oom_score_adj;
  for (const auto& each : o.ulimits) {
    GANTRY_LET(auto limit, ulimit_of(each));
    host["Ulimits"].push_back(std::move(limit));
  }
  GANTRY_LET(auto sysctls, pairs_of("--sysctl", o.sysctls));
  set(host, "Sysctls", sysctls);
  GANTRY_LET(auto storage, pairs_of("--storage-opt", o.storage_opts));
  set(host, "StorageOpt", storage);
  return {};
}

result<void> add_confinement(const create_options& o, const surroundings& around, json& host) {
  set(host, "Privileged", o.privileged);
  set(host, "ReadonlyRootfs", o.read_only);
  set(host, "CapAdd", o.cap_add);
  set(host, "CapDrop", o.cap_drop);
  set(host, "GroupAdd", o.group_add);
  for (const auto& each : o.security_opt) {
    GANTRY_LET(auto option, security_of(each, around));
    host["SecurityOpt"].push_back(std::move(option));
  }
  strings by_name;
  for (const auto& each : o.devices) {
    if (cdi::parse_device_name(each)) {
      by_name.push_back(each);
      continue;
    }
    GANTRY_LET(auto device, device_of(each));
    host["Devices"].push_back(std::move(device));
  }
  if (!by_name.empty()) host["DeviceRequests"] = json::array({{{"Driver", "cdi"}, {"DeviceIDs", by_name}}});
  set(host, "DeviceCgroupRules", o.device_cgroup_rules);
  return {};
}

result<void> add_namespaces(const create_options& o, json& host) {
  set(host, "PidMode", o.pid);
  set(host, "IpcMode", o.ipc);
  set(host, "UTSMode", o.uts);
  set(host, "UsernsMode", o.userns);
  set(host, "CgroupnsMode", o.cgroupns);
  set(host, "Isolation", o.isolation);
  set(host, "CgroupParent", o.cgroup_parent);
  set(host, "Dns", o.dns);
  set(host, "DnsSearch", o.dns_search);
  set(host, "DnsOptions", o.dns_options);
  for (const auto& each : o.add_hosts) {
    // docker takes both NAME:ADDRESS and NAME=ADDRESS, and hands on the first.
    auto mark = each.find_first_of("=:");
    if (mark == 0 || mark == std::string::npos || mark + 1 == each.size())
      return fail(errc::invalid_argument, "--add-host {}: write NAME:ADDRESS", each);
    host["ExtraHosts"].push_back(each.substr(0, mark) + ":" + each.substr(mark + 1));
  }
  set(host, "PublishAllPorts", o.publish_all);
  return {};
}

result<void> add_mounts(const create_options& o, const surroundings& around, json& host) {
  for (const auto& each : o.mounts) {
    GANTRY_LET(auto mount, mount_of(each, around));
    host["Mounts"].push_back(std::move(mount));
  }
  for (const auto& each : o.tmpfs) {
    auto [target, options] = cut(each, ':');
    if (!target.starts_with('/'))
      return fail(errc::invalid_argument, "--tmpfs {}: the target must be an absolute path", each);
    host["Tmpfs"][target] = options;
  }
  set(host, "VolumesFrom", o.volumes_from);
  set(host, "VolumeDriver", o.volume_driver);
  return {};
}

result<void> add_life(const create_options& o, json& host) {
  set(host, "AutoRemove", o.auto_remove);
  set(host, "Init", o.init);
  set(host, "Runtime", o.runtime);
  if (!o.restart.empty()) {
    GANTRY_LET(host["RestartPolicy"], restart_of(o.restart));
  }
  GANTRY_LET(auto log_opts, pairs_of("--log-opt", o.log_opts));
  if (!o.log_driver.empty() || !log_opts.empty()) {
    host["LogConfig"] = json::object({{"Type", o.log_driver}, {"Config", json::object()}});
    set(host["LogConfig"], "Config", log_opts);
  }
  GANTRY_LET(auto annotations, pairs_of("--annotation", o.annotations));
  set(host, "Annotations", annotations);
  return {};
}

} // namespace

result<json> host_config_of(const create_options& options, const surroundings& around) {
  json host = json::object();
  GANTRY_TRY(add_limits(options, host));
  GANTRY_TRY(add_confinement(options, around, host));
  GANTRY_TRY(add_namespaces(options, host));
  GANTRY_TRY(add_mounts(options, around, host));
  GANTRY_TRY(add_life(options, host));
  return host;
}

} // namespace gantry::cli
