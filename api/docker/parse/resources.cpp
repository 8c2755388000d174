#include "api/docker/parse/parts.hpp"
#include "messages/domain/quote.hpp"

// Limits, devices and ulimits (Docker Engine API, "Resources").
namespace gantry::docker::parts {
namespace {

constexpr std::int64_t least_memory = 6 << 20; // dockerd's, below which runc itself is killed

result<void> check_memory(const resource_limits& r, limits_of what) {
  if (r.memory != 0 && r.memory < least_memory)
    return fail(errc::invalid_argument, "Minimum memory limit allowed is 6MB");
  if (r.memory_swap > 0 && r.memory == 0 && what == limits_of::creation)
    return fail(errc::invalid_argument,
                "You should always set the Memory limit when using Memoryswap limit, see usage");
  if (r.memory_swap > 0 && r.memory != 0 && r.memory_swap < r.memory)
    return fail(errc::invalid_argument, "Minimum memoryswap limit should be larger than memory limit, see usage");
  if (r.memory_reservation != 0 && r.memory_reservation < least_memory)
    return fail(errc::invalid_argument, "Minimum memory reservation allowed is 6MB");
  if (r.memory != 0 && r.memory_reservation > r.memory)
    return fail(errc::invalid_argument,
                "Minimum memory limit can not be less than memory reservation limit, see usage");
  return {};
}

result<void> check_cpu(const resource_limits& r) {
  if (r.nano_cpus > 0 && r.cpu_period > 0)
    return fail(errc::invalid_argument, "Conflicting options: Nano CPUs and CPU Period cannot both be set");
  if (r.nano_cpus > 0 && r.cpu_quota > 0)
    return fail(errc::invalid_argument, "Conflicting options: Nano CPUs and CPU Quota cannot both be set");
  if (r.cpu_period != 0 && (r.cpu_period < 1000 || r.cpu_period > 1000000))
    return fail(errc::invalid_argument,
                "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
  if (r.cpu_quota > 0 && r.cpu_quota < 1000)
    return fail(errc::invalid_argument, "CPU cfs quota can not be less than 1ms (i.e. 1000)");
  return {};
}

void read_memory(json_fields& fields, resource_limits& into) {
  fields.read("Memory", into.memory, 0, INT64_MAX);
  fields.read("MemoryReservation", into.memory_reservation, 0, INT64_MAX);
  fields.read("MemorySwap", into.memory_swap, -1, INT64_MAX);
  fields.read("OomKillDisable", into.oom_kill_disable);
  std::int64_t swappiness = -1;
  fields.read("MemorySwappiness", swappiness, -1, 100);
  if (swappiness >= 0) into.memory_swappiness = swappiness;
}

result<void> read_device(object from, container_options& into) {
  json_fields fields(from);
  device_mapping device;
  fields.read("PathOnHost", device.host);
  fields.read("PathInContainer", device.container);
  fields.read("CgroupPermissions", device.permissions);
  GANTRY_TRY(checked(fields, "HostConfig.Devices"));
  if (device.permissions.empty()) device.permissions = "rwm";
  if (device.container.empty()) device.container = device.host;
  if (device.permissions.find_first_not_of("rwm") != std::string::npos)
    return fail(errc::invalid_argument, "device {}: permissions {} are not of r, w and m", device.host,
                quote(device.permissions));
  into.devices.push_back(std::move(device));
  return {};
}

result<void> read_ulimit(object from, container_options& into) {
  json_fields fields(from);
  ulimit limit;
  fields.read("Name", limit.name);
  fields.read("Soft", limit.soft, -1, INT64_MAX);
  fields.read("Hard", limit.hard, -1, INT64_MAX);
  GANTRY_TRY(checked(fields, "HostConfig.Ulimits"));
  if (limit.hard != -1 && (limit.soft > limit.hard || limit.soft == -1))
    return fail(errc::invalid_argument, "ulimit {}: the soft limit must be at most the hard one: {} > {}", limit.name,
                limit.soft, limit.hard);
  into.ulimits.push_back(std::move(limit));
  return {};
}

} // namespace

result<void> read_resources(object host, resource_limits& into, limits_of what) {
  json_fields fields(host);
  read_memory(fields, into);
  fields.read("NanoCpus", into.nano_cpus, 0, INT64_MAX);
  fields.read("CpuShares", into.cpu_shares, 0, INT64_MAX);
  fields.read("CpuQuota", into.cpu_quota, -1, INT64_MAX);
  fields.read("CpuPeriod", into.cpu_period, 0, INT64_MAX);
  fields.read("CpusetCpus", into.cpuset_cpus);
  fields.read("CpusetMems", into.cpuset_mems);
  fields.read("PidsLimit", into.pids, -1, INT64_MAX);
  if (what == limits_of::update && fields.has("PidsLimit") && into.pids == 0) into.pids = -1; // null would leave it
  GANTRY_TRY(checked(fields, "HostConfig"));
  GANTRY_TRY(read_block_io(host, into));
  GANTRY_TRY(check_memory(into, what));
  // As much swap again as memory is the usual; it is said, since an update of the memory alone is measured by it.
  if (what == limits_of::creation && into.memory_swap == 0 && into.memory <= INT64_MAX / 2)
    into.memory_swap = into.memory * 2;
  return check_cpu(into);
}

result<void> read_devices(object host, container_options& into) {
  json_fields fields(host);
  fields.read("DeviceCgroupRules", into.device_cgroup_rules);
  GANTRY_TRY(for_each_object(fields, "Devices", [&](object o) { return read_device(o, into); }));
  GANTRY_TRY(for_each_object(fields, "Ulimits", [&](object o) { return read_ulimit(o, into); }));
  return checked(fields, "HostConfig");
}

} // namespace gantry::docker::parts
