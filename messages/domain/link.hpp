#pragma once

#include <string>

namespace gantry {

/// A bridge as the host has it.
struct bridge_link {
  std::string name;      ///< at most 15 characters
  std::string address;   ///< IPv4: the containers' gateway
  int prefix_length = 0; ///< of its subnet
  int mtu = 0;           ///< 0: the kernel's
};

/// A sandbox's end: a link in its namespace, whose other end is a port of the bridge.
struct veth {
  std::string bridge;
  std::string namespace_path;
  std::string interface = "eth0"; ///< its name there, at most 15 characters
  std::string address;            ///< IPv4
  int prefix_length = 0;
  std::string gateway; ///< of a default route; empty: none is made
  std::string mac;     ///< "02:42:ac:11:00:02"; empty: from the address
  int mtu = 0;         ///< 0: the kernel's
};

} // namespace gantry
