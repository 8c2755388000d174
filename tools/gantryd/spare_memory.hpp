#pragma once

#include <chrono>

namespace gantry::daemon {

/// Gives memory back to the kernel that nothing needs at rest. What a burst of creations needed is free afterwards, but
/// in arenas that the C library holds for the next one, and the code that it ran stays mapped: both would be the
/// daemon's for as long as it runs.
class spare_memory {
public:
  /// To be called about once a second, by a thread that serves nobody. Acts once after each burst of work, when there
  /// has been none for five seconds: it holds the lock of each arena for a moment. Work is told by processor time,
  /// since exits and restarts come without a request.
  void look();

private:
  using clock = std::chrono::steady_clock;
  clock::time_point looked_{}, busy_last_{};
  /// Processor time at the last look, and when it last acted; the start is a burst.
  std::chrono::microseconds spent_{}, spent_before_{std::chrono::hours(-1)};
};

} // namespace gantry::daemon
