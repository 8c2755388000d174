#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"

namespace gantry::network {

/// IPv4 addresses as numbers of the host's byte order.
using ipv4 = std::uint32_t;

/// "172.18.0.2", dots and decimal numbers alone.
std::optional<ipv4> parse_ipv4(const std::string& text);
std::string to_string(ipv4 address);

/// "172.18.0.0/16".
struct subnet {
  ipv4 base = 0; ///< the bits beyond the prefix are 0
  int bits = 0;  ///< length of the prefix, 0 to 32

  [[nodiscard]] ipv4 first() const { return base; }
  [[nodiscard]] ipv4 last() const { return bits == 0 ? ~ipv4{0} : base | (bits == 32 ? 0 : ~ipv4{0} >> bits); }
  [[nodiscard]] bool contains(ipv4 address) const { return address >= first() && address <= last(); }
  [[nodiscard]] bool contains(const subnet& other) const { return contains(other.first()) && contains(other.last()); }
  [[nodiscard]] bool overlaps(const subnet& other) const { return first() <= other.last() && other.first() <= last(); }
  friend bool operator==(const subnet&, const subnet&) = default;
};
std::string to_string(const subnet& of);

/// Bits beyond the prefix are cleared. Errors: invalid_argument for what is not IPv4 with a prefix of 0 to 32.
result<subnet> parse_subnet(std::string_view text);

/// The destinations of the host's routes but the default one (/proc/net/route): what a new network must not hide.
/// Blocks on procfs alone.
std::vector<subnet> host_subnets();
/// The same, of that file's content.
std::vector<subnet> parse_routes(std::string_view proc_net_route);

/// A subnet for a network whose user names none, of dockerd's default pools (172.17.0.0/16 to 172.31.0.0/16, then
/// 192.168.0.0/20 to 192.168.240.0/20), that overlaps with none of `taken`. Errors: exhausted.
result<subnet> free_subnet(const std::vector<subnet>& taken);

} // namespace gantry::network
