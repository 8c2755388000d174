#pragma once

#include <map>
#include <string>
#include <vector>

#include "messages/domain/container.hpp"

namespace gantry {

/// A network's addresses of one family (Docker Engine API, "IPAMConfig").
struct network_subnet {
  std::string subnet;   ///< "172.18.0.0/16", "fd00:1::/64"; empty in a request: any free one
  std::string gateway;  ///< the bridge's own address; empty in a request: the subnet's first
  std::string ip_range; ///< the part of the subnet that addresses are given from; empty: all of it
  std::map<std::string, std::string> reserved{}; ///< addresses that are given to nobody, by name
};

/// A network that a user made: a bridge on this host with subnets of its own (Docker Engine API, "Network").
struct network_definition {
  key name;                            ///< its (namespace, id)
  std::string display_name;            ///< unique in its namespace
  bool ipv6 = false;                   ///< it has addresses of IPv6 too
  std::vector<network_subnet> subnets; ///< IPv4's, then IPv6's; in a request those that its user names, in any order
  std::string bridge;                  ///< the link, at most 15 characters; empty in a request: from the id
  int mtu = 0;                         ///< 0: the kernel's
  bool internal = false;               ///< no way out and none in
  bool masquerade = true;              ///< what leaves has the host's address
  bool attachable = false;             ///< only shown again
  std::string host_address;            ///< IPv4, of published ports that name none; empty: all of the host's
  std::map<std::string, std::string> labels, options; ///< options: as they were asked for, to be shown again
  unix_nanos created_at = 0;
};

} // namespace gantry
