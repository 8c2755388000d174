#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"

/// The content of the files that the engine binds over /etc of a container.
namespace gantry::spec {

struct hosts_input {
  std::string hostname, domainname;
  std::vector<std::string> addresses;   ///< the container's own; none without a network of its own
  std::vector<std::string> extra_hosts; ///< "name:address" or "name=address"; address "host-gateway" too
  std::string host_gateway;             ///< what host-gateway stands for: the bridge's address
};

/// /etc/hosts. Errors: invalid_argument for an extra host that is not NAME:IP.
result<std::string> hosts_file(const hosts_input& input);

struct resolver_input {
  std::string host_content;                          ///< of the host's /etc/resolv.conf
  std::vector<std::string> servers, search, options; ///< the user's; a list that is not empty replaces the host's
  bool host_network = false;                         ///< then the host's loopback resolvers can be reached and stay
};

/// /etc/resolv.conf. Resolvers on loopback (systemd-resolved's stub) cannot be reached from a network namespace: they
/// are dropped, and 8.8.8.8 and 8.8.4.4 stand in when none is left, as docker does. "." as search means none.
/// Errors: invalid_argument for a server that is not an IP address.
result<std::string> resolv_conf(const resolver_input& input);

/// The host's resolver configuration: /etc/resolv.conf, or systemd-resolved's own upstream file when that one only
/// names its stub. Empty when there is none. Blocks on two small files.
std::string host_resolv_conf();

/// /etc/hostname.
std::string hostname_file(std::string_view hostname);

} // namespace gantry::spec
