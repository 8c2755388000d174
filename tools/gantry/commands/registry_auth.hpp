#pragma once

#include <string>

#include "messages/domain/error.hpp"

namespace gantry::cli {

/// The X-Registry-Auth header for a registry that `docker login` knows (Docker Engine API, "Authentication"); empty for
/// one that it does not. The user's config.json is read here, and a credential helper that it names is run here, since
/// the daemon may be another user's. Blocks for as long as the helper does, 60 s at most.
/// Errors: invalid_argument for a file or an answer of the wrong form; unavailable for a helper that failed.
result<std::string> registry_auth(const std::string& domain);

} // namespace gantry::cli
