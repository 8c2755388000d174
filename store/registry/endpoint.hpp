#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"

namespace gantry::store {

/// The parts of a URL that decide who is trusted with what.
struct origin {
  std::string scheme; ///< "http" or "https"
  std::string host;   ///< lower case, IPv6 in brackets
  std::string port;   ///< always set

  friend bool operator==(const origin&, const origin&) = default;
};

/// Errors: invalid_argument when `url` is no http(s) URL, or carries a user or password.
result<origin> origin_of(const std::string& url);

/// What a Location header means for a request to `base` (RFC 3986, section 5). Errors: invalid_argument.
result<std::string> resolve_url(const std::string& base, const std::string& location);

/// `url` with percent-encoded `name=value` pairs added to its query. Errors: invalid_argument.
result<std::string> add_query(const std::string& url,
                              const std::vector<std::pair<std::string, std::string>>& parameters);

/// application/x-www-form-urlencoded.
std::string encode_form(const std::vector<std::pair<std::string, std::string>>& fields);

/// 127.0.0.0/8, ::1 or localhost, as the host of a URL or a reference's domain (a port is cut off).
bool is_loopback(std::string_view domain);

/// Which registries may be spoken to without TLS, and which are.
class endpoints {
public:
  /// `insecure`: domains as in references ("registry.lan:5000"), or hosts for any port.
  explicit endpoints(std::vector<std::string> insecure) : insecure_(std::move(insecure)) {}

  /// True for loopback and for those named insecure: plain HTTP is allowed, certificates are not checked.
  [[nodiscard]] bool may_be_plain(std::string_view domain) const;
  /// "https://registry-1.docker.io" for docker.io; else the domain with the scheme in use.
  [[nodiscard]] std::string base_url(const std::string& domain) const;
  /// HTTPS did not work out. True when plain HTTP is to be tried; remembered for the domain. False for all others.
  bool fall_back_to_plain(const std::string& domain);
  /// Plain HTTP did not work out either: the next request starts with HTTPS again.
  void forget(const std::string& domain) { plain_.erase(domain); }
  /// May a request that went to `from` be sent on to `to`? Errors: denied, when that would give up TLS.
  [[nodiscard]] result<void> may_redirect(const origin& from, const origin& to) const;

private:
  std::vector<std::string> insecure_;
  std::map<std::string, bool> plain_;
};

} // namespace gantry::store
