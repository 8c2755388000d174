#include "store/registry/retry_policy.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace gantry::store {

std::chrono::milliseconds retry_policy::delay(unsigned failed, double jitter,
                                              std::optional<std::chrono::seconds> retry_after) const {
  auto doubled = first_delay.count() << std::min(failed > 0 ? failed - 1 : 0u, 16u);
  auto wait = std::min<std::chrono::milliseconds>(std::chrono::milliseconds(doubled), max_delay);
  wait = std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(wait.count()) * (1 - jitter / 2)));
  if (!retry_after) return wait;
  auto asked =
      std::min(std::chrono::milliseconds(std::min<std::int64_t>(retry_after->count(), 86400) * 1000), max_retry_after);
  return std::max(wait, asked);
}

bool is_retryable_status(long status) {
  return status == 408 || status == 429 || status == 500 || (status >= 502 && status <= 504);
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view header, std::int64_t now) {
  if (header.empty() || header.size() > 64) return std::nullopt;
  std::uint32_t seconds = 0;
  auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), seconds);
  if (error == std::errc() && end == header.data() + header.size()) return std::chrono::seconds(seconds);
  auto date = ::curl_getdate(std::string(header).c_str(), nullptr);
  if (date < 0) return std::nullopt;
  return std::chrono::seconds(std::max<std::int64_t>(date - now, 0));
}

} // namespace gantry::store
