#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/cgroup/stats.hpp"

/// What /proc and the control groups say of a container's processes. All block on pseudo file systems alone, some 20
/// microseconds a process: for the door's pool. Errors: not_found when `init` is gone.
namespace gantry::door {

/// The columns of ps -ef: UID, PID, PPID, C, STIME, TTY, TIME, CMD.
using process_row = std::array<std::string, 8>;
result<std::vector<process_row>> read_processes(int init);

/// The pids, in the engine's namespace, of a container's processes.
result<std::set<int>> read_pids(int init);

struct interface_counters {
  std::uint64_t rx_bytes = 0, rx_packets = 0, rx_errors = 0, rx_dropped = 0;
  std::uint64_t tx_bytes = 0, tx_packets = 0, tx_errors = 0, tx_dropped = 0;
};

struct usage {
  std::int64_t taken_at = 0; ///< unix nanoseconds
  cgroup::stats counters;
  std::uint64_t host_cpu_ns = 0; ///< of all CPUs, since boot
  int cpus = 1;
  std::map<std::string, interface_counters> networks; ///< without lo
};
result<usage> read_usage(int init);

} // namespace gantry::door
