#pragma once

#include "messages/domain/error.hpp"
#include "runtime/native/container_plan.hpp"
#include "runtime/sys/rooted_dir.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::native {

/// A pseudo-terminal of a container's own devpts (pts(4)).
struct terminal_pair {
  sys::unique_fd master, slave;
};

/// Opens one through the root's /dev/pts/ptmx, which must be a devpts, and sets the plan's size.
result<terminal_pair> open_terminal(const sys::rooted_dir& root, const process_plan& plan);

/// Sends the master over the connected socket, as runc does: its name as the message, the descriptor with it.
result<void> send_master(int socket, int master);

/// Makes the slave the controlling terminal and descriptors 0, 1 and 2 of the caller, a session leader.
result<void> take_terminal(int slave);

/// Binds the slave over the root's /dev/console.
result<void> add_console(const sys::rooted_dir& root, int slave);

} // namespace gantry::native
