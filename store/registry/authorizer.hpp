#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "store/registry/challenge.hpp"
#include "store/registry/credentials.hpp"
#include "store/registry/endpoint.hpp"
#include "store/registry/token_cache.hpp"

namespace gantry::store {

/// Who asks which registry for which repository.
struct repository_access {
  std::string registry; ///< base_url()
  std::string repository;
  credentials who;
  std::string actions = "pull"; ///< when the registry names no scope
};

/// What to ask a token endpoint.
struct token_request {
  token_key key;
  std::string url;
  std::string authorization; ///< empty: anonymous
  std::string form;          ///< the body of a POST; empty: GET
};

/// What to do after a 401.
struct authentication {
  std::string header;                 ///< the value for Authorization, when it is known at once
  std::optional<token_request> fetch; ///< else: fetch this, then header_for() has it
};

/// Decides what goes into the Authorization header; knows nothing of sockets. Remembers per repository what a
/// registry asked for, and tokens until they expire. One thread.
class authorizer {
public:
  /// The header value for a first request; empty when nothing is known yet or nothing fits.
  [[nodiscard]] std::string header_for(const repository_access& to, token_cache::clock::time_point now) const;

  /// The registry answered 401 with these WWW-Authenticate headers to a request that carried `sent`.
  /// Credentials go to a realm over TLS, or over plain HTTP when the registry itself is spoken to so and `rules` allow
  /// it for the realm's host. Errors: denied, with the reason.
  result<authentication> challenged(const repository_access& to, const std::vector<std::string>& headers,
                                    const std::string& sent, const endpoints& rules);

  void keep(const token_key& key, const token& fresh, token_cache::clock::time_point now);

private:
  [[nodiscard]] result<token_request> bearer(const repository_access& to, const challenge& asked,
                                             const endpoints& rules) const;

  std::map<std::pair<std::string, std::string>, challenge> asked_; ///< by registry and repository
  token_cache tokens_;
};

} // namespace gantry::store
