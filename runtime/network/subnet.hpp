#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"

namespace gantry::network {

enum class ip_family : std::uint8_t { v4, v6 };

/// An address of either family. Those of IPv4 come first in their order.
struct ip_address {
  ip_family family = ip_family::v4;
  std::array<std::uint8_t, 16> bytes{}; ///< as they travel; of IPv4 the first four, the rest is 0

  /// How many of the bytes count.
  [[nodiscard]] std::size_t size() const { return family == ip_family::v4 ? 4 : 16; }
  /// The one after it; after the last one the first.
  [[nodiscard]] ip_address next() const;
  friend auto operator<=>(const ip_address&, const ip_address&) = default;
};

/// "172.18.0.2", "fd00:1::2": no zones, no names.
std::optional<ip_address> parse_ip(const std::string& text);
/// As inet_ntop(3) writes it: one text for each address.
std::string to_string(const ip_address& address);
/// Of an address or a subnet, as it is written.
ip_family family_of(std::string_view text);

/// "172.18.0.0/16", "fd00:1::/64".
struct subnet {
  ip_address base; ///< the bits beyond the prefix are 0
  int bits = 0;    ///< length of the prefix, 0 to 32, or 128

  [[nodiscard]] ip_address first() const { return base; }
  [[nodiscard]] ip_address last() const;
  [[nodiscard]] bool contains(const ip_address& address) const { return address >= first() && address <= last(); }
  [[nodiscard]] bool contains(const subnet& other) const { return contains(other.first()) && contains(other.last()); }
  [[nodiscard]] bool overlaps(const subnet& other) const { return first() <= other.last() && other.first() <= last(); }
  friend bool operator==(const subnet&, const subnet&) = default;
};
std::string to_string(const subnet& of);

/// Bits beyond the prefix are cleared. Errors: invalid_argument for what is no address with a prefix that it can have.
result<subnet> parse_subnet(std::string_view text);

/// The destinations of the host's routes but the default ones (/proc/net/route, ipv6_route): what a new network must
/// not hide. Blocks on procfs alone.
std::vector<subnet> host_subnets();
/// The same, of those files' content. What IPv6 routes refuse (RFC 4193 asks sites to refuse what they do not use) is
/// free.
std::vector<subnet> parse_routes(std::string_view proc_net_route);
std::vector<subnet> parse_routes6(std::string_view proc_net_ipv6_route);

/// A subnet for a network whose user names none, of dockerd's default pools (172.17.0.0/16 to 172.31.0.0/16, then
/// 192.168.0.0/20 to 192.168.240.0/20), that overlaps with none of `taken`. Errors: exhausted.
result<subnet> free_subnet(const std::vector<subnet>& taken);
/// The same of IPv6: a /64 of `unique_local`. Errors: exhausted.
result<subnet> free_subnet6(const subnet& unique_local, const std::vector<subnet>& taken);

/// The 65,536 subnets of IPv6 that an engine has for networks whose users name none: fdxx:xxxx:xxxx::/48, by the first
/// ten digits of a random id in hexadecimal (RFC 4193, "Locally Assigned Global IDs").
subnet unique_local_of(std::string_view id);

} // namespace gantry::network
