#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "messages/domain/error.hpp"
#include "store/registry/credentials.hpp"

namespace gantry::store {

/// What ~/.docker/config.json says of credentials (docs.docker.com, "docker login", "Credential stores").
struct docker_config {
  std::map<std::string, credentials> auths;              ///< by server, as the file spells it
  std::map<std::string, std::string> credential_helpers; ///< server to the suffix of docker-credential-<suffix>
  std::string credentials_store;                         ///< the suffix for all other servers; may be empty

  /// Errors: invalid_argument, naming the entry; what this program does not know is skipped.
  static result<docker_config> parse(std::string_view json);
  /// A file that is not there is an empty config. At most 1 MiB. Errors: the errno's code, invalid_argument.
  static result<docker_config> load(const std::string& path);
};

/// Where the file is: $DOCKER_CONFIG/config.json, else `home`/.docker/config.json.
std::string docker_config_path(const char* docker_config_variable, const std::string& home);

/// The name under which docker keeps the credentials of a registry: "https://index.docker.io/v1/" for docker.io, the
/// domain itself for all others.
std::string credentials_key(const std::string& domain);

/// Runs `docker-credential-<helper> get` with `server` on its stdin and returns its stdout. The engine never forks, so
/// whoever asks brings this along; it may block.
using run_credential_helper = std::function<result<std::string>(const std::string& helper, const std::string& server)>;

/// The credentials for `domain` (as in a reference): a helper named for it, else its entry in `auths`, else the
/// credentials store; anonymous when none knows it. Errors: failed_precondition when a helper is needed and `run` is
/// empty, what `run` returns, invalid_argument when the helper's answer is not its protocol's JSON.
result<credentials> find_credentials(const docker_config& config, const std::string& domain,
                                     const run_credential_helper& run);

} // namespace gantry::store
