#pragma once

#include <chrono>
#include <cstddef>

namespace gantry::cri {

/// What clients of streams are held to.
struct stream_limits {
  std::chrono::seconds header_timeout{10};     ///< to send a request
  std::chrono::seconds open_timeout{30};       ///< to open a session's streams after it, or the second one of a pair
  std::chrono::seconds drain_timeout{60};      ///< to take what is left when the process has ended
  std::chrono::seconds goodbye_timeout{10};    ///< to hang up when it has all
  std::chrono::seconds idle_timeout{4 * 3600}; ///< without a byte either way
  std::size_t max_pairs = 512;                 ///< of port-forward, on one connection
};

} // namespace gantry::cri
