#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/time.hpp"

namespace gantry {

/// A health check, of an image or as a user asks for it (Docker Engine API, HealthConfig). A zero inherits: the user's
/// from the image, the image's from the engine.
struct healthcheck {
  std::vector<std::string> test; ///< {"NONE"}, {"CMD", argv…} or {"CMD-SHELL", line}; empty inherits
  std::chrono::nanoseconds interval{0}, timeout{0}, start_period{0}, start_interval{0};
  int retries = 0;

  friend bool operator==(const healthcheck&, const healthcheck&) = default;
};

enum class health_status : std::uint8_t { starting, healthy, unhealthy };
std::string_view to_string(health_status s); ///< as Docker spells it

/// One run of a check.
struct probe_result {
  unix_nanos started_at = 0, finished_at = 0;
  int exit_code = 0;  ///< -1: it did not run, or not to its end in time
  std::string output; ///< at most max_probe_output bytes, and a mark where that cut it
};
inline constexpr std::size_t max_probe_output = 4096, max_probe_results = 5;

/// How a container with a check is.
struct health_state {
  health_status now = health_status::starting;
  int failing_streak = 0;
  std::vector<probe_result> log; ///< oldest first; the last max_probe_results
};

} // namespace gantry
