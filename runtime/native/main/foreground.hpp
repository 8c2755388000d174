#pragma once

#include "messages/domain/error.hpp"
#include "runtime/native/launch.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::oci_program {

/// The two ends over which a terminal's master comes to this program itself.
struct console_ends {
  sys::unique_fd ours, theirs;
};
result<console_ends> make_console();
/// A connection to the socket at `path`. Errors: the errno's.
result<sys::unique_fd> connect_console(const std::string& path);

/// Waits until the child ends, passing signals on, and its terminal's bytes when `console` is valid (the end on which
/// the master arrives). Returns the exit code as a shell has it. Blocks SIGCHLD and others meanwhile.
result<int> follow(const native::started& process, const sys::unique_fd& console);

/// As runc does: beside it and renamed, so that a reader never sees half of it.
result<void> write_pid_file(const std::string& path, pid_t pid);

} // namespace gantry::oci_program
