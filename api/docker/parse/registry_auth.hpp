#pragma once

#include <string_view>

#include "messages/images.hpp"

namespace gantry::docker {

/// The X-Registry-Auth header: base64url of a JSON AuthConfig (Docker Engine API, "Authentication"). Empty: no login.
/// Errors: invalid_argument.
result<registry_login> parse_registry_auth(std::string_view header);

/// The body of POST /auth: a JSON AuthConfig. Errors: invalid_argument, without a word of what it holds.
result<registry_login> parse_auth_body(std::string_view body);

} // namespace gantry::docker
