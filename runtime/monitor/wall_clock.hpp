#pragma once

#include <chrono>

#include "messages/domain/time.hpp"

namespace gantry::monitor {

inline unix_nanos wall_clock() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

} // namespace gantry::monitor
