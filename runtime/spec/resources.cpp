#include "runtime/spec/resources.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <system_error>

#include "runtime/spec/paths.hpp"

namespace gantry::spec {
namespace {

constexpr std::int64_t minimum_memory = 6 << 20;
constexpr std::int64_t default_period = 100'000; // microseconds, the kernel's own (sched-bwc.rst)

using warning_list = std::vector<std::string>;

void lacks(warning_list& warnings, std::string_view what) {
  warnings.push_back(fmt::format("this host's kernel or cgroups do not support {}: the option is ignored", what));
}

result<void> check_memory(const resource_limits& want) {
  if (want.memory != 0 && want.memory < minimum_memory)
    return fail(errc::invalid_argument, "minimum memory limit allowed is 6MB, not {} bytes", want.memory);
  if (want.memory_swap < -1)
    return fail(errc::invalid_argument, "memory-swap {} is negative: use -1 for unlimited swap", want.memory_swap);
  if (want.memory_swap > 0 && want.memory == 0)
    return fail(errc::invalid_argument, "memory-swap needs a memory limit too: set memory as well");
  if (want.memory_swap > 0 && want.memory_swap < want.memory)
    return fail(errc::invalid_argument,
                "minimum memory-swap limit should be larger than the memory limit: it counts both");
  if (want.memory_reservation < 0 || (want.memory_reservation > 0 && want.memory_reservation < minimum_memory))
    return fail(errc::invalid_argument, "minimum memory reservation allowed is 6MB, not {} bytes",
                want.memory_reservation);
  if (want.memory > 0 && want.memory_reservation > want.memory)
    return fail(errc::invalid_argument, "minimum memory limit can not be less than the memory reservation limit");
  if (want.memory_swappiness && (*want.memory_swappiness < -1 || *want.memory_swappiness > 100))
    return fail(errc::invalid_argument, "invalid memory-swappiness {}: use 0 to 100", *want.memory_swappiness);
  return {};
}

void set_swap(json& memory, const resource_limits& want, const resource_support& can, warning_list& warnings) {
  // Without a word on swap a limited container may use as much swap again, as docker has it.
  const auto swap = want.memory_swap != 0 ? want.memory_swap : want.memory > (INT64_MAX >> 1) ? -1 : want.memory * 2;
  if (swap == 0) return;
  if (can.swap)
    memory["swap"] = swap;
  else if (want.memory_swap > 0 && want.memory_swap != want.memory * 2) // the usual one was not asked for
    lacks(warnings, "swap limits (the memory limit holds without them)");
}

result<json> memory_json(const resource_limits& want, const resource_support& can, warning_list& warnings) {
  GANTRY_TRY(check_memory(want));
  auto memory = json::object();
  if (!can.memory) {
    if (want.memory != 0 || want.memory_reservation != 0) lacks(warnings, "memory limits");
    return memory;
  }
  if (want.memory > 0) memory["limit"] = want.memory;
  if (want.memory_reservation > 0) memory["reservation"] = want.memory_reservation;
  set_swap(memory, want, can, warnings);
  if (want.memory_swappiness && *want.memory_swappiness >= 0) {
    if (can.swappiness)
      memory["swappiness"] = *want.memory_swappiness;
    else
      lacks(warnings, "memory-swappiness");
  }
  if (want.oom_kill_disable) {
    if (can.oom_kill_disable)
      memory["disableOOMKiller"] = true;
    else
      lacks(warnings, "oom-kill-disable");
    if (want.memory == 0)
      warnings.emplace_back("disabling the OOM killer without a memory limit may hang the whole host");
  }
  return memory;
}

/// "0-3,5": lists of CPUs or memory nodes (cpuset(7), "List format"). The highest number; nothing when malformed.
std::optional<int> highest_of(std::string_view list) {
  int highest = -1;
  while (!list.empty()) {
    auto item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), item.size() + 1));
    int first = 0, last = 0;
    const auto* const end = item.data() + item.size();
    auto at = std::from_chars(item.data(), end, first);
    if (at.ec != std::errc{} || first < 0) return std::nullopt;
    last = first;
    if (at.ptr != end && *at.ptr == '-') at = std::from_chars(at.ptr + 1, end, last);
    if (at.ec != std::errc{} || at.ptr != end || last < first || last > 65'535) return std::nullopt;
    highest = std::max(highest, last);
  }
  return highest;
}

result<void> check_cpuset(const resource_limits& want, int cpus) {
  const auto highest = highest_of(want.cpuset_cpus);
  if (!highest || want.cpuset_cpus.size() > 4096)
    return fail(errc::invalid_argument, "invalid value '{}' for cpuset-cpus: write e.g. 0-2,4",
                want.cpuset_cpus.substr(0, 64));
  if (*highest >= cpus)
    return fail(errc::invalid_argument, "requested CPUs are not available - requested {}, available: 0-{}",
                want.cpuset_cpus, cpus - 1);
  if (!highest_of(want.cpuset_mems) || want.cpuset_mems.size() > 4096)
    return fail(errc::invalid_argument, "invalid value '{}' for cpuset-mems: write e.g. 0,1",
                want.cpuset_mems.substr(0, 64));
  return {};
}

result<void> check_cpu(const resource_limits& want, int cpus) {
  if (want.nano_cpus != 0 && (want.cpu_quota != 0 || want.cpu_period != 0))
    return fail(errc::invalid_argument, "conflicting options: cpus and cpu-{} cannot both be set",
                want.cpu_quota != 0 ? "quota" : "period");
  if (want.nano_cpus < 0 || want.nano_cpus / 1'000'000'000 > cpus ||
      (want.nano_cpus / 1'000'000'000 == cpus && want.nano_cpus % 1'000'000'000 != 0))
    return fail(errc::invalid_argument, "range of CPUs is from 0.01 to {}.00, as there are only {} CPUs available",
                cpus, cpus);
  if (want.cpu_shares < 0) return fail(errc::invalid_argument, "cpu-shares {} is negative", want.cpu_shares);
  if (want.cpu_period != 0 && (want.cpu_period < 1000 || want.cpu_period > 1'000'000))
    return fail(errc::invalid_argument, "cpu-period {} is out of range: use 1000 to 1000000 (1 ms to 1 s)",
                want.cpu_period);
  if (want.cpu_quota > 0 && want.cpu_quota < 1000)
    return fail(errc::invalid_argument, "cpu-quota {} is less than 1 ms: use 1000 or more", want.cpu_quota);
  return check_cpuset(want, cpus);
}

void set_quota(json& cpu, const resource_limits& want, const resource_support& can, warning_list& warnings) {
  if (want.nano_cpus == 0 && want.cpu_quota == 0 && want.cpu_period == 0) return;
  if (!can.cpu_quota) return lacks(warnings, "CPU quotas");
  if (want.nano_cpus > 0) {
    // The kernel refuses quotas under 1 ms.
    cpu["quota"] = std::max<std::int64_t>(1000, want.nano_cpus / (1'000'000'000 / default_period));
    cpu["period"] = default_period;
    return;
  }
  if (want.cpu_quota != 0) cpu["quota"] = want.cpu_quota;
  if (want.cpu_period != 0) cpu["period"] = want.cpu_period;
}

result<json> cpu_json(const resource_limits& want, const host_facts& facts, warning_list& warnings) {
  GANTRY_TRY(check_cpu(want, facts.cpus));
  auto cpu = json::object();
  if (want.cpu_shares > 0) {
    if (facts.resources.cpu_shares)
      cpu["shares"] = want.cpu_shares;
    else
      lacks(warnings, "cpu-shares");
  }
  set_quota(cpu, want, facts.resources, warnings);
  if (want.cpuset_cpus.empty() && want.cpuset_mems.empty()) return cpu;
  if (!facts.resources.cpuset) {
    lacks(warnings, "cpusets");
    return cpu;
  }
  if (!want.cpuset_cpus.empty()) cpu["cpus"] = want.cpuset_cpus;
  if (!want.cpuset_mems.empty()) cpu["mems"] = want.cpuset_mems;
  return cpu;
}

result<void> set_pids(json& resources, const resource_limits& want, const resource_support& can,
                      warning_list& warnings) {
  if (want.pids < -1) return fail(errc::invalid_argument, "pids-limit {} is negative: use -1 for unlimited", want.pids);
  if (want.pids == 0) return {};
  if (can.pids)
    resources["pids"] = {{"limit", want.pids}};
  else if (want.pids > 0)
    lacks(warnings, "pids-limit");
  return {};
}

/// A block device's entry: how it is numbered, and what it may.
result<json> device_entry(const device_amount& one, const char* what) {
  struct stat status {};
  if (::stat(one.path.c_str(), &status) != 0)
    return fail(errc::not_found, "block I/O of device {}: {}", one.path, std::generic_category().message(errno));
  if (!S_ISBLK(status.st_mode))
    return fail(errc::invalid_argument, "block I/O of device {}: it is no block device", one.path);
  return json{{"major", ::major(status.st_rdev)}, {"minor", ::minor(status.st_rdev)}, {what, one.amount}};
}

result<void> set_amounts(json& block_io, const char* name, const std::vector<device_amount>& list, const char* what) {
  for (const auto& one : list) {
    GANTRY_LET(auto entry, device_entry(one, what));
    block_io[name].push_back(std::move(entry));
  }
  return {};
}

result<void> set_throttles(json& block_io, const resource_limits& want) {
  GANTRY_TRY(set_amounts(block_io, "throttleReadBpsDevice", want.blkio_read_bps, "rate"));
  GANTRY_TRY(set_amounts(block_io, "throttleWriteBpsDevice", want.blkio_write_bps, "rate"));
  GANTRY_TRY(set_amounts(block_io, "throttleReadIOPSDevice", want.blkio_read_iops, "rate"));
  return set_amounts(block_io, "throttleWriteIOPSDevice", want.blkio_write_iops, "rate");
}

result<void> set_block_io(json& resources, const resource_limits& want, const host_facts& facts,
                          warning_list& warnings) {
  if (want.blkio_weight != 0 && (want.blkio_weight < 10 || want.blkio_weight > 1000))
    return fail(errc::invalid_argument, "range of blkio weight is from 10 to 1000, not {}", want.blkio_weight);
  auto block_io = json::object();
  if (facts.resources.blkio_weight) {
    if (want.blkio_weight != 0) block_io["weight"] = want.blkio_weight;
    GANTRY_TRY(set_amounts(block_io, "weightDevice", want.blkio_weight_device, "weight"));
  } else {
    if (want.blkio_weight != 0) lacks(warnings, "blkio-weight");
    if (!want.blkio_weight_device.empty()) lacks(warnings, "blkio-weight-device");
  }
  auto throttles = json::object();
  GANTRY_TRY(set_throttles(throttles, want));
  if (!throttles.empty() && !facts.cgroups.has(facts.cgroups.how == cgroup::mode::v2 ? "io" : "blkio"))
    lacks(warnings, "limits on the speed of block devices");
  else
    block_io.update(throttles);
  if (!block_io.empty()) resources["blockIO"] = std::move(block_io);
  return {};
}

/// "2MB": a power of two, as the kernel names the files (hugetlb_cgroup in cgroups-v1/hugetlb.rst).
bool is_page_size(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  return problem == std::errc{} && number > 0 && (number & (number - 1)) == 0 &&
         (unit == "KB" || unit == "MB" || unit == "GB");
}

result<void> set_hugepages(json& resources, const resource_limits& want, const host_facts& facts,
                           warning_list& warnings) {
  auto list = json::array();
  bool limits = false;
  for (const auto& one : want.hugepages) {
    if (!is_page_size(one.page_size) || one.bytes < 0)
      return fail(errc::invalid_argument, "invalid hugepage limit {}={}: write e.g. 2MB and a number of bytes",
                  one.page_size.substr(0, 64), one.bytes);
    list.push_back({{"pageSize", one.page_size}, {"limit", one.bytes}});
    limits = limits || one.bytes > 0;
  }
  if (list.empty()) return {};
  if (facts.cgroups.has("hugetlb"))
    resources["hugepageLimits"] = std::move(list);
  else if (limits) // where there are no huge pages, none may be used
    lacks(warnings, "hugepage limits");
  return {};
}

/// Files of the controllers alone: those of the cgroup itself (cgroup.procs, cgroup.kill) are the engine's.
bool is_unified_key(std::string_view key) {
  return key.find('.') != std::string_view::npos && !key.starts_with("cgroup.") && !key.starts_with('.') &&
         key.size() <= 128 && std::all_of(key.begin(), key.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
         });
}

result<void> set_unified(json& resources, const resource_limits& want, const host_facts& facts,
                         warning_list& warnings) {
  for (const auto& [key, value] : want.unified) {
    if (!is_unified_key(key))
      return fail(errc::invalid_argument, "'{}' is not a controller's file of cgroup v2 such as memory.high",
                  key.substr(0, 64));
    GANTRY_TRY(check_text(value, "a cgroup's value"));
  }
  if (want.unified.empty()) return {};
  if (facts.cgroups.how == cgroup::mode::v2)
    resources["unified"] = want.unified;
  else
    lacks(warnings, "unified keys (they are cgroup v2's)");
  return {};
}

} // namespace

result<json> resources_json(const resource_limits& want, const host_facts& facts, std::vector<std::string>& warnings) {
  GANTRY_LET(auto memory, memory_json(want, facts.resources, warnings));
  GANTRY_LET(auto cpu, cpu_json(want, facts, warnings));
  auto resources = json::object();
  if (!memory.empty()) resources["memory"] = std::move(memory);
  if (!cpu.empty()) resources["cpu"] = std::move(cpu);
  GANTRY_TRY(set_pids(resources, want, facts.resources, warnings));
  GANTRY_TRY(set_block_io(resources, want, facts, warnings));
  GANTRY_TRY(set_hugepages(resources, want, facts, warnings));
  GANTRY_TRY(set_unified(resources, want, facts, warnings));
  return resources;
}

result<std::string> limits_json(const resource_limits& want, const host_facts& facts,
                                std::vector<std::string>& warnings) {
  try { // nlohmann reports by exceptions; none is expected of documents that are only built
    GANTRY_LET(const auto resources, resources_json(want, facts, warnings));
    return to_text(resources);
  } catch (const json::exception& broken) {
    return fail(errc::internal, "cannot write limits: {}", broken.what());
  }
}

} // namespace gantry::spec
