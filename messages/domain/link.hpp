#pragma once

#include <string>
#include <vector>

namespace gantry {

/// An address of a link, IPv4 or IPv6.
struct link_address {
  std::string ip;
  int prefix_length = 0; ///< of its subnet
  std::string gateway{}; ///< of a default route; empty: none is made
};

/// A setting of one link: /proc/sys/net/<family>/<table>/<link>/<name>.
struct link_sysctl {
  std::string family, table, name; ///< "ipv4", "conf", "log_martians": of letters, digits and "_" alone
  std::string value;
  friend bool operator==(const link_sysctl&, const link_sysctl&) = default;
};

/// A bridge as the host has it.
struct bridge_link {
  std::string name;                    ///< at most 15 characters
  std::vector<link_address> addresses; ///< IPv4's first: the containers' gateways. Without one of IPv6 it has no IPv6
  int mtu = 0;                         ///< 0: the kernel's
};

/// A sandbox's end: a link in its namespace, whose other end is a port of the bridge.
struct veth {
  std::string bridge;
  std::string namespace_path;
  std::string interface = "eth0";      ///< its name there, at most 15 characters
  std::vector<link_address> addresses; ///< IPv4's first
  std::string mac;                     ///< "02:42:ac:11:00:02"; empty: from the first address
  int mtu = 0;                         ///< 0: the kernel's
  std::vector<link_sysctl> sysctls{};  ///< of `interface`, set once it is up
};

} // namespace gantry
