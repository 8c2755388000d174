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
  std::string cgroup;        ///< its path in the hierarchies
  cgroup::stats counters;
  std::uint64_t host_cpu_ns = 0; ///< of all CPUs, since boot
  int cpus = 1;
  std::map<std::string, interface_counters> networks; ///< without lo
};
result<usage> read_usage(int init);

/// What takes longer to read: each open file of each process is looked at, up to max_open_files.
struct footprint {
  static constexpr std::uint64_t max_open_files = 65'536;
  std::uint64_t processes = 0, open_files = 0, sockets = 0;  ///< sockets: among the files
  std::uint64_t disk_bytes = 0, inodes = 0, inodes_free = 0; ///< of the file system that its root is on
};
result<footprint> read_footprint(int init);

} // namespace gantry::door
