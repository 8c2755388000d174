#pragma once

#include <cstdint>
#include <string>

#include "messages/domain/error.hpp"

namespace gantry::monitor {

/// How the program was called.
struct daemon_options {
  std::string run_dir;
  std::uint32_t index = 0;
  int niceness = 0;  ///< of the containers' processes; the monitor's own is below it
  int ready_fd = -1; ///< one byte is written there, and it is closed, once the sockets listen
};

/// The monitor's whole life, until shut_down. Errors: already_exists when this index of the run folder has a monitor.
result<void> run_daemon(const daemon_options& options);

} // namespace gantry::monitor
