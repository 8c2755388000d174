#pragma once

#include <string_view>

#include "messages/images.hpp"

namespace gantry::docker {

/// The X-Registry-Auth header: base64url of a JSON AuthConfig (Docker Engine API, "Authentication"). Empty: no login.
/// Errors: invalid_argument.
result<registry_login> parse_registry_auth(std::string_view header);

} // namespace gantry::docker
