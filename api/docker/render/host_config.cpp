#include "api/docker/render/container.hpp"

namespace gantry::docker {
namespace {

using kind = mount_request::kind;

/// Whether a mount can be said with -v; the others are shown under Mounts.
bool fits_bind(const mount_request& m) {
  if (m.from_image || m.inherited || m.non_recursive || !m.labels.empty() || !m.sub_path.empty()) return false;
  if (m.type == kind::tmpfs || m.type == kind::image) return false;
  return m.type == kind::volume || m.create_source;
}

json binds_of(const std::vector<mount_request>& mounts) {
  json list = json::array();
  for (const auto& m : mounts) {
    if (!fits_bind(m)) continue;
    std::string options = m.read_only ? "ro" : "";
    auto add = [&](std::string_view one) { options.append(options.empty() ? "" : ",").append(one); };
    if (m.no_copy) add("nocopy");
    if (!m.propagation.empty()) add(m.propagation);
    list.push_back(m.source + ":" + m.target + (options.empty() ? "" : ":" + options));
  }
  return list.empty() ? json(nullptr) : list;
}

json bind_mount(const mount_request& m) {
  json made{{"Type", "bind"}, {"Source", m.source}, {"Target", m.target}};
  if (m.read_only) made["ReadOnly"] = true;
  json options = json::object();
  if (!m.propagation.empty()) options["Propagation"] = m.propagation;
  if (m.non_recursive) options["NonRecursive"] = true;
  if (m.create_source) options["CreateMountpoint"] = true;
  if (!options.empty()) made["BindOptions"] = options;
  return made;
}

json volume_mount(const mount_request& m) {
  json made{{"Type", "volume"}, {"Source", m.source}, {"Target", m.target}};
  if (m.read_only) made["ReadOnly"] = true;
  made["VolumeOptions"] = {{"NoCopy", m.no_copy}, {"Labels", object_of(m.labels)}};
  if (!m.sub_path.empty()) made["VolumeOptions"]["Subpath"] = m.sub_path;
  return made;
}

json image_mount(const mount_request& m) {
  json made{{"Type", "image"}, {"Source", m.source}, {"Target", m.target}, {"ReadOnly", true}};
  if (!m.sub_path.empty()) made["ImageOptions"] = {{"Subpath", m.sub_path}};
  return made;
}

json mount_of(const mount_request& m) {
  if (m.type == kind::image) return image_mount(m);
  return m.type == kind::bind ? bind_mount(m) : volume_mount(m);
}

void add_mounts(json& made, const std::vector<mount_request>& mounts) {
  json list = json::array(), tmpfs = json::object();
  for (const auto& m : mounts) {
    if (m.type == kind::tmpfs && m.tmpfs_size == 0)
      tmpfs[m.target] = m.tmpfs_options;
    else if (m.type == kind::tmpfs)
      list.push_back({{"Type", "tmpfs"}, {"Target", m.target}, {"TmpfsOptions", {{"SizeBytes", m.tmpfs_size}}}});
    else if (!fits_bind(m) && !m.from_image && !m.inherited)
      list.push_back(mount_of(m));
  }
  if (!list.empty()) made["Mounts"] = list;
  if (!tmpfs.empty()) made["Tmpfs"] = tmpfs;
}

json port_bindings(const std::vector<port_binding>& ports) {
  json map = json::object();
  for (const auto& port : ports) {
    auto& list = map[fmt::format("{}/{}", port.container_port, port.protocol)];
    list.push_back({{"HostIp", port.host_ip}, {"HostPort", port.host_port == 0 ? "" : std::to_string(port.host_port)}});
  }
  return map;
}

std::string_view restart_name(restart_policy::kind name) {
  switch (name) {
  case restart_policy::kind::always:
    return "always";
  case restart_policy::kind::on_failure:
    return "on-failure";
  case restart_policy::kind::unless_stopped:
    return "unless-stopped";
  case restart_policy::kind::no:
    break;
  }
  return "no";
}

json log_of(const log_config& log) { return {{"Type", log.driver}, {"Config", object_of(log.options)}}; }

json amounts_of(const std::vector<device_amount>& devices, const char* amount) {
  json list = json::array();
  for (const auto& one : devices) list.push_back({{"Path", one.path}, {amount, one.amount}});
  return list;
}

void add_resources(json& made, const resource_limits& r) {
  made["CpuShares"] = r.cpu_shares;
  made["Memory"] = r.memory;
  made["NanoCpus"] = r.nano_cpus;
  made["BlkioWeight"] = r.blkio_weight;
  made["BlkioWeightDevice"] = amounts_of(r.blkio_weight_device, "Weight");
  made["BlkioDeviceReadBps"] = amounts_of(r.blkio_read_bps, "Rate");
  made["BlkioDeviceWriteBps"] = amounts_of(r.blkio_write_bps, "Rate");
  made["BlkioDeviceReadIOps"] = amounts_of(r.blkio_read_iops, "Rate");
  made["BlkioDeviceWriteIOps"] = amounts_of(r.blkio_write_iops, "Rate");
  made["CpuPeriod"] = r.cpu_period;
  made["CpuQuota"] = r.cpu_quota;
  made["CpuRealtimePeriod"] = made["CpuRealtimeRuntime"] = 0;
  made["CpusetCpus"] = r.cpuset_cpus;
  made["CpusetMems"] = r.cpuset_mems;
  made["MemoryReservation"] = r.memory_reservation;
  made["MemorySwap"] = r.memory_swap;
  made["MemorySwappiness"] = r.memory_swappiness ? json(*r.memory_swappiness) : json(nullptr);
  made["OomKillDisable"] = r.oom_kill_disable;
  made["PidsLimit"] = r.pids == 0 ? json(nullptr) : json(r.pids);
  made["CpuCount"] = made["CpuPercent"] = made["IOMaximumIOps"] = made["IOMaximumBandwidth"] = 0;
}

void add_devices(json& made, const container_options& of) {
  json devices = json::array(), limits = json::array();
  for (const auto& d : of.devices)
    devices.push_back({{"PathOnHost", d.host}, {"PathInContainer", d.container}, {"CgroupPermissions", d.permissions}});
  for (const auto& l : of.ulimits) limits.push_back({{"Name", l.name}, {"Hard", l.hard}, {"Soft", l.soft}});
  made["Devices"] = devices;
  made["DeviceCgroupRules"] = or_null(of.device_cgroup_rules);
  made["DeviceRequests"] = nullptr;
  if (!of.cdi_devices.empty())
    made["DeviceRequests"] = {{{"Driver", "cdi"},
                               {"Count", 0},
                               {"DeviceIDs", of.cdi_devices},
                               {"Capabilities", nullptr},
                               {"Options", nullptr}}};
  made["Ulimits"] = limits;
}

void add_namespaces(json& made, const container_options& of) {
  made["CgroupnsMode"] = of.cgroupns_mode.empty() ? "private" : of.cgroupns_mode;
  made["IpcMode"] = of.ipc_mode.empty() ? "private" : of.ipc_mode;
  made["Cgroup"] = "";
  made["PidMode"] = of.pid_mode;
  made["UTSMode"] = of.uts_mode;
  made["UsernsMode"] = of.userns_mode;
}

void add_lists(json& made, const container_options& of) {
  made["CapAdd"] = or_null(of.cap_add);
  made["CapDrop"] = or_null(of.cap_drop);
  made["Dns"] = of.dns;
  made["DnsOptions"] = of.dns_options;
  made["DnsSearch"] = of.dns_search;
  made["ExtraHosts"] = or_null(of.extra_hosts);
  made["GroupAdd"] = or_null(of.group_add);
  made["Links"] = nullptr;
  made["SecurityOpt"] = or_null(of.security_opt);
  if (!of.sysctls.empty()) made["Sysctls"] = of.sysctls;
  if (of.writable_memory > 0) made["StorageOpt"] = {{"memory", std::to_string(of.writable_memory)}};
  if (!of.annotations.empty()) made["Annotations"] = of.annotations;
}

} // namespace

json host_config(const container_options& of) {
  json made;
  made["Binds"] = binds_of(of.mounts);
  made["ContainerIDFile"] = "";
  made["LogConfig"] = log_of(of.log);
  made["NetworkMode"] = of.network_mode;
  made["PortBindings"] = port_bindings(of.ports);
  made["RestartPolicy"] = {{"Name", restart_name(of.restart.name)}, {"MaximumRetryCount", of.restart.maximum_retries}};
  made["AutoRemove"] = of.auto_remove;
  made["VolumeDriver"] = of.shown.volume_driver;
  made["VolumesFrom"] = or_null(of.volumes_from);
  made["ConsoleSize"] = {of.console.height, of.console.width};
  add_lists(made, of);
  add_namespaces(made, of);
  made["OomScoreAdj"] = of.oom_score_adj.value_or(0);
  made["Privileged"] = of.privileged;
  made["PublishAllPorts"] = of.publish_all;
  made["ReadonlyRootfs"] = of.read_only_rootfs;
  made["ShmSize"] = of.shm_size;
  made["Runtime"] = of.runtime;
  made["Isolation"] = of.shown.isolation;
  made["Init"] = of.init;
  made["CgroupParent"] = of.cgroup_parent;
  add_resources(made, of.resources);
  add_devices(made, of);
  add_mounts(made, of.mounts);
  made["MaskedPaths"] = of.masked_paths ? json(*of.masked_paths) : json(nullptr);
  made["ReadonlyPaths"] = of.readonly_paths ? json(*of.readonly_paths) : json(nullptr);
  return made;
}

} // namespace gantry::docker
