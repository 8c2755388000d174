#pragma once

#include <chrono>
#include <list>
#include <map>
#include <mutex>
#include <optional>

#include "api/cri/streaming/request.hpp"

namespace gantry::cri {

/// Requests that wait for their client, each under a token that works once: 128 bits of the kernel's, as hex. The token
/// is all that authorises a client. Any thread.
class token_table {
public:
  using clock = std::chrono::steady_clock;

  token_table(std::size_t max, std::chrono::seconds lifetime) : max_(max), lifetime_(lifetime) {}

  /// Errors: exhausted when that many are waiting already.
  result<std::string> issue(stream_request what, clock::time_point now);
  /// None for a token that was never issued, has been redeemed or is too old.
  std::optional<stream_request> redeem(std::string_view token, clock::time_point now);

private:
  struct entry {
    std::string token;
    stream_request what;
    clock::time_point until;
  };
  void sweep(clock::time_point now);

  std::mutex lock_;
  std::size_t max_;
  std::chrono::seconds lifetime_;
  std::list<entry> entries_; ///< oldest first, so the expired ones are in front
  std::map<std::string, std::list<entry>::iterator, std::less<>> by_token_;
};

} // namespace gantry::cri
