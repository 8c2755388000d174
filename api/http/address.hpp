#pragma once

#include <cstdint>
#include <string>

#include "messages/domain/error.hpp"

namespace gantry::http {

/// Where a server listens: a Unix socket, or a port of TCP.
struct address {
  std::string path;       ///< absolute; empty: TCP
  std::string host;       ///< a name or a number, without brackets; empty: all that this machine has
  std::uint16_t port = 0; ///< 0: any that is free

  friend bool operator==(const address&, const address&) = default;
};

/// Of "unix:///run/x.sock", "/run/x.sock", "tcp://127.0.0.1:9100", "tcp://[::1]:9100" or "tcp://:9100". Errors:
/// invalid_argument.
result<address> parse_address(const std::string& text);

/// As parse_address reads it.
std::string to_string(const address& where);

} // namespace gantry::http
