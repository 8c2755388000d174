#pragma once

#include <string>

#include "runtime/monitor/protocol/messages.hpp"

namespace gantry::monitor {

/// What a monitor keeps of the end of a container's init in <run>/exits/<ns>-<id>, until delete_container. It is JSON,
/// written whole (a reader sees all or nothing) before process_exited is said, so that it survives the monitor. The
/// folder is gone at reboot, as the processes are.
struct exit_record {
  int exit_code = 0;
  bool oom_killed = false;
  bool status_unknown = false;
  std::int32_t pid = 0;
  std::uint64_t pid_start_time = 0;
  unix_nanos started_at = 0, finished_at = 0;
};

std::string exit_record_path(const std::string& run_dir, const key& container);
/// Blocks on the file system of <run>. Errors: not_found, corrupt.
result<exit_record> read_exit_record(const std::string& run_dir, const key& container);
result<void> write_exit_record(const std::string& run_dir, const key& container, const exit_record& record);

} // namespace gantry::monitor
