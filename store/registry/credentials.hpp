#pragma once

#include <string>

namespace gantry::store {

/// What a user shows to a registry, as `docker login` keeps it. All empty: anonymous.
struct credentials {
  std::string username;
  std::string password;
  std::string identity_token; ///< an OAuth2 refresh token, exchanged at the registry's token endpoint
  std::string registry_token; ///< a bearer token, sent as it is

  [[nodiscard]] bool anonymous() const {
    return username.empty() && password.empty() && identity_token.empty() && registry_token.empty();
  }
  friend bool operator==(const credentials&, const credentials&) = default;
};

} // namespace gantry::store
