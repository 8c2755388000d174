#pragma once

#include <cstdint>
#include <optional>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"

/// Processes by pidfd, which cannot come to mean another process (pidfd_open(2)).
namespace gantry::monitor {

/// Errors: not_found when there is no such process.
result<sys::unique_fd> open_process(std::int32_t pid);

/// Errors: not_found when it has ended, invalid_argument for an unknown signal.
result<void> send_signal(int pidfd, int signal);

/// The exit status (as waitid's: code, or 128 + signal) of a process that is not our child, once its parent has reaped
/// it: PIDFD_GET_INFO with PIDFD_INFO_EXIT, Linux 6.15. None: the kernel cannot say, or it is not reaped yet.
std::optional<int> exit_code_by_handle(int pidfd);

} // namespace gantry::monitor
