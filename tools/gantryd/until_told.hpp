#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace gantry::daemon {

/// Blocks SIGTERM, SIGINT and SIGHUP in the calling thread and in those it makes later, and ignores SIGPIPE: call it
/// before the first thread.
void take_signals();

/// What keeps an idle daemon alive.
struct idleness {
  std::chrono::seconds after{0}; ///< 0: never idle
  std::function<bool()> busy;    ///< asked about once a second, only when nobody has asked for `after`
  std::function<std::chrono::steady_clock::time_point()> last_use;
};

/// Waits until SIGTERM or SIGINT comes, or the daemon was idle for long enough. Says which, for the log. Meanwhile
/// gives spare memory back. SIGHUP changes nothing: a terminal that closes does not end a daemon, and the configuration
/// is read at the start alone.
std::string wait_until_told(const idleness& idle);

/// Ends the process by _exit(1), saying so, unless it is destroyed within the deadline.
class shutdown_watchdog {
public:
  explicit shutdown_watchdog(std::chrono::seconds deadline);
  ~shutdown_watchdog();
  shutdown_watchdog(const shutdown_watchdog&) = delete;
  shutdown_watchdog& operator=(const shutdown_watchdog&) = delete;

private:
  struct inner;
  std::unique_ptr<inner> inner_;
};

} // namespace gantry::daemon
