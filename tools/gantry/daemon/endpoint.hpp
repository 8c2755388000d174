#pragma once

#include <string>
#include <string_view>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::cli {

/// Where the daemon listens, and where the folders of one that is started are (empty: its own defaults).
struct endpoint {
  std::string socket = "/run/gantry/gantry.sock";
  std::string root = {};    ///< GANTRY_ROOT
  std::string run_dir = {}; ///< GANTRY_RUN_DIR

  /// `host` of --host over GANTRY_HOST over DOCKER_HOST over the default. Reads the environment.
  /// Errors: invalid_argument for anything but unix://PATH with an absolute path of at most 107 bytes (unix(7)).
  static result<endpoint> choose(std::string_view host);
};

/// Connects. Errors: the errno's; unavailable when nobody listens (ENOENT, ECONNREFUSED).
result<sys::unique_fd> connect_to(const endpoint& where);

/// Connects, and starts a daemon first when nobody listens. One of those who ask at the same time starts it,
/// under a lock beside the socket; the others wait for it. Errors: denied for a user who may neither connect nor start
/// one; timeout, with the end of the daemon's log, when it does not answer within 10 s.
result<sys::unique_fd> connect_or_start(const endpoint& where);

} // namespace gantry::cli
