#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/cgroup/mode.hpp"

namespace gantry::cgroup {

/// What was done with one block device: "Read" or "read" and so on, as the kernel's version of cgroups names it.
struct block_count {
  std::uint64_t major = 0, minor = 0;
  std::string operation;
  std::uint64_t value = 0;
};

/// How long processes waited for a resource (kernel, accounting/psi.rst): averages are percents of the last 10, 60 and
/// 300 seconds.
struct stall {
  double avg10 = 0, avg60 = 0, avg300 = 0;
  std::uint64_t total_ns = 0; ///< since the cgroup was made
};
struct pressure {
  stall some, full; ///< some of the processes waited; all of them
};

struct swap_use {
  std::uint64_t bytes = 0, limit = 0; ///< limit 0: not limited
};

/// A container's use of the host at one moment. A controller that the host lacks reads as zero.
struct stats {
  std::uint64_t cpu_total_ns = 0, cpu_user_ns = 0, cpu_system_ns = 0; ///< CPU time since it was made
  std::uint64_t cpu_periods = 0, cpu_throttled_periods = 0, cpu_throttled_ns = 0;
  std::uint64_t memory_usage = 0, memory_peak = 0;     ///< bytes; the peak is 0 where the kernel does not keep it
  std::uint64_t memory_limit = 0;                      ///< bytes; 0: not limited
  std::uint64_t memory_inactive_file = 0;              ///< bytes; docker subtracts them from the usage it shows
  std::uint64_t memory_failures = 0;                   ///< v1: how often the limit was met
  std::map<std::string, std::uint64_t> memory_details; ///< memory.stat, by the kernel's names
  std::vector<std::uint64_t> cpu_each_ns;              ///< v1: CPU time by CPU
  std::vector<block_count> block_bytes, block_operations;
  std::uint64_t memory_rss = 0, memory_kernel = 0, page_faults = 0, major_page_faults = 0;
  std::optional<swap_use> swap; ///< none where the kernel does not account it
  /// None where the kernel does not keep them by cgroup: they are cgroup2's alone.
  std::optional<pressure> cpu_pressure, memory_pressure, io_pressure;
  std::uint64_t pids = 0, pids_limit = 0; ///< limit 0: not limited
  std::uint64_t oom_kills = 0;            ///< processes that the OOM killer took
};

/// Reads the cgroup `cgroup_path` (linux.cgroupsPath). Reads only cgroupfs; some 20 microseconds a file: any thread.
/// Errors: not_found when no hierarchy has that cgroup.
result<stats> read_stats(const layout& host, std::string_view cgroup_path);

/// The OOM kills alone, at one file's cost: memory.oom_control (v1) or memory.events (v2). Errors: not_found.
result<std::uint64_t> read_oom_kills(const layout& host, std::string_view cgroup_path);

} // namespace gantry::cgroup
