#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gantry::store {

/// When and how often a request is made again.
struct retry_policy {
  unsigned attempts = 6; ///< requests in all that make no progress
  std::chrono::milliseconds first_delay{500};
  std::chrono::milliseconds max_delay{8000};
  std::chrono::milliseconds max_retry_after{60000}; ///< a server that asks for more gets this

  /// The wait before attempt `failed` + 1: doubles each time; `jitter`, in [0, 1), takes up to half of it away, so
  /// that many clients do not come back together. What the server asked for (`retry_after`) is never undercut.
  [[nodiscard]] std::chrono::milliseconds delay(unsigned failed, double jitter,
                                                std::optional<std::chrono::seconds> retry_after) const;
};

/// 408, 429, 500, 502, 503, 504: the next try may go better. No other 5xx: those are about the request.
bool is_retryable_status(long status);

/// RFC 9110, section 10.2.3: seconds, or a date (IMF-fixdate and the obsolete forms). `now` is in seconds since 1970.
/// Empty when it is neither; a date that has passed is 0.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view header, std::int64_t now);

} // namespace gantry::store
