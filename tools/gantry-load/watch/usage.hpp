#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "tools/gantry-load/watch/processes.hpp"

namespace gantry::load {

/// What the engine's processes hold at a moment.
struct usage_sample {
  std::uint64_t processes = 0, threads = 0, descriptors = 0;
  std::uint64_t pss_kb = 0; ///< 0 where smaps_rollup may not be read
};

/// What they used over a run.
struct usage {
  usage_sample start, peak, end; ///< each figure's own peak
  double cpu_ms = 0;             ///< user and system, those of processes that have ended as far as they were seen
  double reaped_cpu_ms = 0;      ///< of children waited for: OCI runtimes, and the containers' own processes
  double host_cpu_ms = 0;        ///< all that the host's CPUs did, this program left out
  std::uint64_t samples = 0;
};

/// Adds samples up. For one thread.
class usage_sum {
public:
  void add(const usage_sample& sample, const std::vector<process>& engine);
  /// The sum so far; host_cpu_ms is not known here.
  [[nodiscard]] usage so_far() const;

private:
  struct ticks {
    std::uint64_t before = 0, now = 0, reaped_before = 0, reaped = 0;
  };
  usage made_;
  /// By pid and start time; a process that ended keeps what it was last seen with.
  std::map<std::pair<pid_t, std::uint64_t>, ticks> seen_;
};

} // namespace gantry::load
