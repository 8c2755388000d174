#pragma once

#include <string>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::docker {

/// Binds and listens on a Unix socket at `path`, with `mode` and the group named (empty: the process's own). A socket
/// left by a daemon that died is replaced; a file of another kind never is. Its folder is made (0755) when missing.
/// Errors: already_exists when somebody listens there; denied; invalid_argument.
result<sys::unique_fd> listen_on(const std::string& path, mode_t mode, const std::string& group);

} // namespace gantry::docker
