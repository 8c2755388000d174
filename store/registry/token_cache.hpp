#pragma once

#include <chrono>
#include <compare>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "messages/domain/error.hpp"
#include "store/registry/credentials.hpp"

namespace gantry::store {

/// What a token is good for: who asked whom for what. `user` is a digest of all of the credentials, so that
/// somebody with the same name and another password never gets the token.
struct token_key {
  std::string registry; ///< scheme and host, from base_url()
  std::string realm;
  std::string service;
  std::string scope;
  std::string user;

  friend auto operator<=>(const token_key&, const token_key&) = default;
};

std::string fingerprint(const credentials& who);

struct token {
  std::string value;
  std::chrono::seconds valid_for{60};
};

/// The answer of a token endpoint (distribution-spec, "Token Authentication"; RFC 6749, section 5.1): `token` or
/// `access_token`, and `expires_in`, 60 s when it is not there. Errors: denied, when there is no token in it or one
/// that cannot stand in a header.
result<token> parse_token_response(std::string_view json);

/// Characters that may stand in a bearer token (RFC 6750, "b64token", and what registries send beside it): visible
/// ASCII, at most 64 KiB.
bool is_header_safe(std::string_view text);

/// Tokens until shortly before they expire; at most 1,000. One thread.
class token_cache {
public:
  using clock = std::chrono::steady_clock;

  void put(const token_key& key, const token& fresh, clock::time_point now);
  [[nodiscard]] std::optional<std::string> get(const token_key& key, clock::time_point now) const;
  void drop(const token_key& key) { tokens_.erase(key); }

private:
  struct kept {
    std::string value;
    clock::time_point expires;
  };
  std::map<token_key, kept> tokens_;
};

} // namespace gantry::store
