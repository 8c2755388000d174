#pragma once

#include <cstdint>
#include <string>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::cri {

/// A TCP connection to a port of the loopback of a network namespace (path; empty: this process's own), first by IPv4
/// and then by IPv6. Blocks for as long as a connection on loopback takes. Errors: not_found when the namespace is
/// gone, unavailable when nobody listens.
result<sys::unique_fd> connect_in(const std::string& network_namespace, std::uint16_t port);

} // namespace gantry::cri
