#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "store/registry/client_options.hpp"
#include "store/registry/endpoint.hpp"
#include "store/registry/exchange.hpp"

namespace gantry::store {

/// How an attempt failed, and whether another one makes sense.
struct attempt_failure {
  error reason;
  bool retry = false;
  std::optional<std::chrono::seconds> retry_after; ///< the server's own wish
  unsigned weight = 1; ///< how many attempts it counts as: nobody at the address is likelier to stay so than a loss
};

/// A request to `url` with the certificate rules, proxy rule and time limits that its host gets.
result<http_request> request_to(const std::string& url, const endpoints& rules, const client_options& options);

/// What curl's code means. `host` is named in the message.
attempt_failure describe_transport_failure(CURLcode code, const exchange& what, const std::string& host);

/// What a status that is no success means; the registry's own words are in the message.
attempt_failure describe_status(const exchange& what, const std::string& host);

/// True for the statuses that carry a Location to go to.
bool is_redirect(long status);

} // namespace gantry::store
