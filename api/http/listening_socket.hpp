#pragma once

#include <string>
#include <vector>

#include "api/http/address.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::http {

/// Binds and listens on a Unix socket at `path`, with `mode` and the group named (empty: the process's own). A socket
/// left by a daemon that died is replaced; a file of another kind never is. Its folder is made (0755) when missing.
/// Errors: already_exists when somebody listens there; denied; invalid_argument.
result<sys::unique_fd> listen_on_path(const std::string& path, mode_t mode, const std::string& group);

/// Listens on a port of TCP, at each address that the host has. Blocks while a name is looked up. Errors:
/// already_exists when somebody listens there; denied; invalid_argument for a host that is not known.
result<std::vector<sys::unique_fd>> listen_on_port(const address& where);

/// Where a socket of TCP listens: the port that was free, when any was asked for.
result<address> local_address(const sys::unique_fd& listening);

} // namespace gantry::http
