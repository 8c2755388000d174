#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "store/registry/retry_policy.hpp"

namespace gantry::store {

struct client_options {
  /// Domains ("registry.lan:5000") or hosts with any port ("registry.lan") that may be spoken to without TLS, or with a
  /// certificate that nobody vouches for. Loopback is always one.
  std::vector<std::string> insecure_registries;
  std::chrono::milliseconds connect_timeout{30000};
  /// A group of transfers of which none gets a byte for so long fails; slow ones do not.
  std::chrono::milliseconds stall_timeout{60000};
  /// For a whole manifest or config, and for a token.
  std::chrono::milliseconds document_timeout{300000};
  /// A paused download gives its connection up after this, and goes on with a Range request later.
  std::chrono::milliseconds park_after{5000};
  std::size_t max_blobs_per_registry = 6; ///< side by side; more wait their turn. Documents never wait
  retry_policy retries;
};

} // namespace gantry::store
