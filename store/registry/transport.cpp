#include "store/registry/transport.hpp"

#include <ctime>

#include "store/registry/error_body.hpp"
#include "store/registry/retry_policy.hpp"

namespace gantry::store {

namespace {

errc code_of(long status) {
  if (status == 401 || status == 403) return errc::denied;
  if (status == 404 || status == 410) return errc::not_found;
  if (status == 429) return errc::exhausted;
  return errc::unavailable;
}

attempt_failure lost(errc code, const exchange& what, CURLcode curl, const std::string& host) {
  return {{code, fmt::format("{}: {}", host, what.reason(curl)), 0}, true, std::nullopt, 1};
}

} // namespace

result<http_request> request_to(const std::string& url, const endpoints& rules, const client_options& options) {
  GANTRY_LET(auto at, origin_of(url));
  http_request request;
  request.url = url;
  request.verify_certificate = !rules.may_be_plain(at.host + ":" + at.port) && !rules.may_be_plain(at.host);
  // No proxy can reach this machine's loopback; curl would send even that to $http_proxy.
  request.direct = is_loopback(at.host);
  request.connect_timeout = options.connect_timeout;
  return request;
}

attempt_failure describe_transport_failure(CURLcode code, const exchange& what, const std::string& host) {
  switch (code) {
  case CURLE_PEER_FAILED_VERIFICATION:
    return {{errc::unavailable,
             fmt::format("{}: its certificate is not trusted ({}); add its CA to the system's, or name it an insecure "
                         "registry",
                         host, what.reason(code)),
             0},
            false,
            std::nullopt,
            1};
  case CURLE_UNSUPPORTED_PROTOCOL:
  case CURLE_URL_MALFORMAT:
  case CURLE_OUT_OF_MEMORY:
  case CURLE_FAILED_INIT:
  case CURLE_SSL_CACERT_BADFILE: {
    auto failure = lost(errc::internal, what, code, host);
    failure.retry = false;
    return failure;
  }
  case CURLE_WRITE_ERROR: // with no status: the exchange's own bound
    return {{errc::unavailable, fmt::format("{} sends more than 64 KiB of headers", host), 0}, false, std::nullopt, 1};
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_RESOLVE_PROXY:
  case CURLE_COULDNT_CONNECT: {
    auto failure = lost(errc::unavailable, what, code, host);
    failure.weight = 2;
    return failure;
  }
  case CURLE_OPERATION_TIMEDOUT:
    return lost(errc::timeout, what, code, host);
  default:
    return lost(errc::unavailable, what, code, host);
  }
}

attempt_failure describe_status(const exchange& what, const std::string& host) {
  auto status = what.head().status;
  auto said = describe_error_body(what.error_body());
  error reason{code_of(status), fmt::format("{} answered {}{}{}", host, status, said.empty() ? "" : ": ", said), 0};
  return {std::move(reason), is_retryable_status(status),
          parse_retry_after(what.head().retry_after, static_cast<std::int64_t>(std::time(nullptr))), 1};
}

bool is_redirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

} // namespace gantry::store
