#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/monitor/protocol/messages.hpp"

namespace gantry::monitor {

/// The engine's end of the connection to one monitor. All members may be called from any thread and none waits for the
/// monitor; callbacks run on the client's own thread, must not block, and must not destroy the client.
class client {
public:
  struct callbacks {
    std::function<void(process_exited)> exited;
    /// The connection is gone (the monitor died): every open request was failed with unavailable before this.
    std::function<void(error)> lost;
  };

  /// Connects and checks the protocol version. Errors: unavailable, failed_precondition (version).
  static result<std::unique_ptr<client>> connect(const std::string& socket, callbacks on);
  virtual ~client() = default;

  /// Sends `what`; `answer` is called exactly once. Bound: 8,192 open requests, then exhausted at once.
  virtual void request(request what, std::function<void(result<reply>)> answer) = 0;

  [[nodiscard]] virtual std::int32_t pid() const = 0; ///< of the monitor, as it said in its greeting
};

/// Where a monitor's sockets are and how it is started.
struct location {
  std::string program; ///< path of gantry-monitor
  std::string run_dir; ///< the engine's --run-dir; made if missing
  std::uint32_t index = 0;
  int niceness = 0; ///< of the containers' processes
};
std::string socket_path(const location& at); ///< <run>/monitor/<index>.sock

/// Starts a monitor that outlives the caller (posix_spawn, own session; stdout and stderr to <run>/monitor/<index>.log)
/// and waits until it listens (at most 5 s). An engine calls it when connect() found nobody. Errors: unavailable.
result<void> start(const location& at);

} // namespace gantry::monitor
