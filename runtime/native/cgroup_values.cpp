#include "runtime/native/cgroup_values.hpp"

#include <algorithm>

namespace gantry::native {
namespace {

using writes = std::vector<cgroup_write>;

std::string number(std::int64_t value) { return std::to_string(value); }
std::string number(std::uint64_t value) { return std::to_string(value); }
std::string number_or_max(std::int64_t value) { return value < 0 ? "max" : std::to_string(value); }

std::string device_line(const device_value& one, const std::string& prefix = {}) {
  return std::to_string(one.major) + ":" + std::to_string(one.minor) + " " + prefix + number(one.value);
}

void v1_memory(const resource_plan& from, writes& out) {
  const auto add = [&](const char* file, std::string value) { out.push_back({"memory", file, std::move(value)}); };
  auto swap = from.memory_swap.value_or(0);
  // Without a limit on memory one on both makes no sense (as runc has it).
  if (from.memory_limit == -1 && swap == 0) swap = -1;
  if (from.memory_limit.value_or(0) != 0) add("memory.limit_in_bytes", number(*from.memory_limit));
  if (swap != 0) add("memory.memsw.limit_in_bytes", number(swap));
  if (from.memory_reservation.value_or(0) != 0) add("memory.soft_limit_in_bytes", number(*from.memory_reservation));
  if (from.swappiness) add("memory.swappiness", number(*from.swappiness));
  if (from.disable_oom_killer) add("memory.oom_control", "1");
}

void v1_cpu(const resource_plan& from, writes& out) {
  const auto add = [&](const char* file, std::string value) { out.push_back({"cpu", file, std::move(value)}); };
  if (from.cpu_shares.value_or(0) != 0) add("cpu.shares", number(*from.cpu_shares));
  if (from.cpu_period.value_or(0) != 0) add("cpu.cfs_period_us", number(*from.cpu_period));
  if (from.cpu_burst) add("cpu.cfs_burst_us", number(*from.cpu_burst));
  if (from.cpu_quota.value_or(0) != 0) add("cpu.cfs_quota_us", number(*from.cpu_quota));
  if (from.cpu_idle) add("cpu.idle", number(*from.cpu_idle));
  if (!from.cpus.empty()) out.push_back({"cpuset", "cpuset.cpus", from.cpus});
  if (!from.mems.empty()) out.push_back({"cpuset", "cpuset.mems", from.mems});
}

void v1_block_io(const resource_plan& from, writes& out) {
  const auto add = [&](const char* file, const std::vector<device_value>& list) {
    for (const auto& one : list) out.push_back({"blkio", file, device_line(one)});
  };
  if (from.io_weight.value_or(0) != 0) out.push_back({"blkio", "blkio.bfq.weight", number(*from.io_weight)});
  add("blkio.bfq.weight_device", from.io_weight_device);
  add("blkio.throttle.read_bps_device", from.read_bps);
  add("blkio.throttle.write_bps_device", from.write_bps);
  add("blkio.throttle.read_iops_device", from.read_iops);
  add("blkio.throttle.write_iops_device", from.write_iops);
}

/// memory.swap.max of a limit on memory and swap together; empty: not written.
result<std::string> v2_swap(const resource_plan& from) {
  const auto both = from.memory_swap.value_or(0), memory = from.memory_limit.value_or(0);
  if (memory == -1 && both == 0) return std::string("max");
  if (both == -1) return std::string("max");
  if (both == 0) return std::string();
  if (memory <= 0) return fail(errc::invalid_argument, "unable to set swap limit without memory limit");
  if (both < memory) return fail(errc::invalid_argument, "memory+swap limit should be >= memory limit");
  return number(both - memory);
}

result<void> v2_memory(const resource_plan& from, writes& out) {
  const auto add = [&](const char* file, std::string value) { out.push_back({"memory", file, std::move(value)}); };
  GANTRY_LET(auto swap, v2_swap(from));
  if (!swap.empty()) add("memory.swap.max", std::move(swap));
  if (from.memory_limit.value_or(0) != 0) add("memory.max", number_or_max(*from.memory_limit));
  if (from.memory_reservation.value_or(0) != 0) add("memory.low", number_or_max(*from.memory_reservation));
  if (from.disable_oom_killer)
    return fail(errc::invalid_argument, "disableOOMKiller needs cgroups v1: v2 has no such switch");
  return {}; // swappiness: v2 has none, and runc leaves it out too
}

void v2_cpu(const resource_plan& from, writes& out) {
  const auto add = [&](const char* file, std::string value) { out.push_back({"cpu", file, std::move(value)}); };
  if (from.cpu_idle) add("cpu.idle", number(*from.cpu_idle));
  if (const auto weight = weight_of_shares(from.cpu_shares.value_or(0)); weight != 0) add("cpu.weight", number(weight));
  if (from.cpu_quota.value_or(0) != 0 || from.cpu_period.value_or(0) != 0) {
    const auto quota = from.cpu_quota.value_or(0);
    auto line = quota > 0 ? number(quota) : "max";
    const auto period = from.cpu_period.value_or(0);
    add("cpu.max", line + " " + number(period != 0 ? period : std::uint64_t{100'000}));
  }
  if (from.cpu_burst) add("cpu.max.burst", number(*from.cpu_burst));
  if (!from.cpus.empty()) out.push_back({"cpuset", "cpuset.cpus", from.cpus});
  if (!from.mems.empty()) out.push_back({"cpuset", "cpuset.mems", from.mems});
}

void v2_io(const resource_plan& from, writes& out) {
  // blkio's weights are 10 to 1000, io.weight's 1 to 10000.
  const auto converted = [](std::uint64_t weight) {
    return 1 + (std::clamp<std::uint64_t>(weight, 10, 1000) - 10) * 9999 / 990;
  };
  if (from.io_weight.value_or(0) != 0) out.push_back({"io", "io.weight", number(converted(*from.io_weight))});
  for (const auto& one : from.io_weight_device)
    out.push_back({"io", "io.weight", device_line({one.major, one.minor, converted(one.value)})});
  const auto limits = [&](const char* name, const std::vector<device_value>& list) {
    for (const auto& one : list) out.push_back({"io", "io.max", device_line(one, name)});
  };
  limits("rbps=", from.read_bps);
  limits("wbps=", from.write_bps);
  limits("riops=", from.read_iops);
  limits("wiops=", from.write_iops);
}

void add_pids(const resource_plan& from, writes& out) {
  if (from.pids.value_or(0) != 0) out.push_back({"pids", "pids.max", number_or_max(*from.pids)});
}

} // namespace

std::uint64_t weight_of_shares(std::uint64_t shares) {
  if (shares == 0) return 0;
  return 1 + (std::clamp<std::uint64_t>(shares, 2, 262'144) - 2) * 9999 / 262'142;
}

result<writes> v1_writes(const resource_plan& resources) {
  if (!resources.unified.empty())
    return fail(errc::invalid_argument, "resources.unified needs cgroups v2, which this host does not use");
  writes out;
  v1_memory(resources, out);
  v1_cpu(resources, out);
  add_pids(resources, out);
  v1_block_io(resources, out);
  for (const auto& one : resources.huge_pages)
    out.push_back({"hugetlb", "hugetlb." + one.key + ".limit_in_bytes", one.value});
  if (resources.net_class.value_or(0) != 0) out.push_back({"net_cls", "net_cls.classid", number(*resources.net_class)});
  for (const auto& one : resources.net_priorities)
    out.push_back({"net_prio", "net_prio.ifpriomap", one.key + " " + one.value});
  return out;
}

result<writes> v2_writes(const resource_plan& resources) {
  writes out;
  GANTRY_TRY(v2_memory(resources, out));
  v2_cpu(resources, out);
  add_pids(resources, out);
  v2_io(resources, out);
  for (const auto& one : resources.huge_pages) out.push_back({"hugetlb", "hugetlb." + one.key + ".max", one.value});
  if (resources.net_class.value_or(0) != 0 || !resources.net_priorities.empty())
    return fail(errc::invalid_argument, "resources.network needs cgroups v1: v2 has no such controllers");
  for (const auto& one : resources.unified) out.push_back({one.key.substr(0, one.key.find('.')), one.key, one.value});
  return out;
}

} // namespace gantry::native
