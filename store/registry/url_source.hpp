#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "store/byte_source.hpp"
#include "store/registry/exchanges.hpp"

namespace gantry::store {

/// What a download from a URL may take.
struct download_limits {
  std::uint64_t max_bytes = 64ULL << 30;
  std::chrono::milliseconds connect_timeout{30000};
  std::chrono::milliseconds stall_timeout{60000}; ///< without a byte
  std::chrono::milliseconds whole_timeout = std::chrono::hours(24);
};

/// What any http or https server has at a URL, as its bytes arrive: no registry, no login, one GET that is not made
/// again. Redirects are followed, at most max_redirects, but none from https to http; certificates are checked. Works
/// on its reader's thread alone, on which SIGPIPE is blocked from then on; at most 256 KiB lie in memory.
class url_source final : public byte_source {
public:
  /// Asked a few times a second while the reader waits: an error of its ends the download.
  using permission = std::function<result<void>()>;

  /// Returns when the first bytes are here. Errors: invalid_argument when `url` is no http(s) URL or has a user in it,
  /// not_found, denied, exhausted (429, or more than max_bytes), timeout, unavailable; each names the host.
  static result<std::unique_ptr<url_source>> open(const std::string& url, permission may_go_on,
                                                  download_limits limits = {});

  /// Of the whole, where the server says it.
  [[nodiscard]] std::optional<std::uint64_t> size() const { return size_; }
  result<std::size_t> read(std::span<char> into) override;

private:
  using clock = std::chrono::steady_clock;

  url_source(permission may_go_on, download_limits limits) : may_go_on_(std::move(may_go_on)), limits_(limits) {}
  result<void> send(const std::string& url);
  taken receive(const response_head& head, std::span<const char> bytes);
  void arrived(CURLcode code, exchange& what);
  result<void> follow(const std::string& location);
  [[nodiscard]] result<void> judge(CURLcode code, const exchange& what) const;
  result<void> wait_for_bytes();

  permission may_go_on_;
  download_limits limits_;
  exchanges wire_;
  exchange* current_ = nullptr; ///< null from its end on
  std::string url_;
  unsigned redirects_ = 0;
  std::optional<std::uint64_t> size_;
  std::uint64_t received_ = 0;
  std::string held_; ///< what was received and not read, from `read_` on
  std::size_t read_ = 0;
  bool paused_ = false; ///< curl keeps bytes back until the held ones are read
  std::optional<result<void>> outcome_;
  clock::time_point active_; ///< when the server last gave a sign of life
};

} // namespace gantry::store
