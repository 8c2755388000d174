#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace gantry::load {

/// What /proc/<pid>/stat says of a process (proc(5)). CPU in clock ticks.
struct process {
  pid_t pid = 0, parent = 0;
  std::string name;                      ///< at most 15 bytes
  std::uint64_t started = 0;             ///< ticks since boot: tells two processes of one pid apart
  std::uint64_t cpu = 0, reaped_cpu = 0; ///< user and system; of its children that it has waited for
  std::uint64_t threads = 0;
};

/// One line of /proc/<pid>/stat; nothing when it is not understood.
std::optional<process> parse_stat(std::string_view text);

/// All processes of the host that can be seen.
std::vector<process> read_processes();

/// Which processes are the engine's.
struct engine_selection {
  pid_t listener = 0;             ///< who listens on the socket; 0: unknown
  std::vector<std::string> names; ///< empty: those known
  std::string folder;             ///< the socket's
  bool gantry = false;            ///< the listener is gantryd, or was before it ended
};

/// The listener; with names given, every process of the host with one of them. Else, of Gantry: its descendants named
/// gantry-monitor and gantry-zygote, and monitors that outlived an earlier engine, told by the folder in their command
/// line (`command_of`). Of any other engine: every process with a known name, since shims and conmon are nobody's
/// children.
std::vector<process> select_engine(const std::vector<process>& all, const engine_selection& which,
                                   const std::function<std::string(pid_t)>& command_of);

/// Whether the process is gantryd.
bool is_gantry(pid_t listener);

/// Who listens on a Unix socket (SO_PEERCRED, unix(7)); 0 when nobody answers, or when it is init, which listens for
/// another.
pid_t listener_of(const std::string& socket);

} // namespace gantry::load
