#include "runtime/network/subnet.hpp"

#include <arpa/inet.h>
#include <net/route.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "messages/domain/quote.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::network {
namespace {

constexpr std::size_t max_routes_file = 16 << 20;

int domain_of(ip_family family) { return family == ip_family::v4 ? AF_INET : AF_INET6; }

/// The bits of an address's byte that are beyond the prefix.
std::uint8_t host_bits(int prefix, std::size_t byte) {
  const int within = std::clamp(prefix - 8 * static_cast<int>(byte), 0, 8);
  return static_cast<std::uint8_t>(0xff >> within);
}

ip_address ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t c = 0) { return {ip_family::v4, {a, b, c}}; }

/// The bytes that hexadecimal digits stand for, two digits each, as many as fit into an address.
void read_digits(std::string_view digits, std::uint8_t* into, std::size_t most) {
  for (std::size_t i = 0; i < most && 2 * i + 1 < digits.size(); ++i)
    std::from_chars(digits.data() + 2 * i, digits.data() + 2 * i + 2, into[i], 16);
}

bool is_free(const subnet& wanted, const std::vector<subnet>& taken) {
  return std::none_of(taken.begin(), taken.end(), [&](const subnet& one) { return one.overlaps(wanted); });
}

tl::unexpected<error> none_free(std::string_view family) {
  return fail(errc::exhausted,
              "could not find an available, non-overlapping {} address pool among the defaults to assign to the "
              "network: name a subnet, or remove networks that nothing uses",
              family);
}

template<class Visit>
void each_route(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::string line(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    visit(line.c_str());
  }
}

} // namespace

ip_address ip_address::next() const {
  auto after = *this;
  for (std::size_t i = size(); i-- > 0;)
    if (++after.bytes[i] != 0) break;
  return after;
}

ip_family family_of(std::string_view text) {
  return text.find(':') == std::string_view::npos ? ip_family::v4 : ip_family::v6;
}

std::optional<ip_address> parse_ip(const std::string& text) {
  ip_address address{family_of(text), {}};
  if (::inet_pton(domain_of(address.family), text.c_str(), address.bytes.data()) != 1) return std::nullopt;
  return address;
}

std::string to_string(const ip_address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(domain_of(address.family), address.bytes.data(), text.data(), text.size()); // fits by definition
  return text.data();
}

std::string to_string(const subnet& of) { return fmt::format("{}/{}", to_string(of.base), of.bits); }

ip_address subnet::last() const {
  auto end = base;
  for (std::size_t i = 0; i < end.size(); ++i) end.bytes[i] |= host_bits(bits, i);
  return end;
}

result<subnet> parse_subnet(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse_ip(std::string(text.substr(0, slash)));
  if (slash == std::string_view::npos || !address)
    return fail(errc::invalid_argument, "{} is not a subnet: write one like 172.28.0.0/16 or fd00:1::/64", quote(text));
  subnet made{*address, 0};
  const int longest = 8 * static_cast<int>(address->size());
  const auto *begin = text.data() + slash + 1, *end = text.data() + text.size();
  const auto parsed = std::from_chars(begin, end, made.bits);
  if (parsed.ec != std::errc{} || parsed.ptr != end || made.bits < 0 || made.bits > longest)
    return fail(errc::invalid_argument, "{} is not a subnet: its prefix is not 0 to {}", quote(text), longest);
  for (std::size_t i = 0; i < address->size(); ++i)
    made.base.bytes[i] &= static_cast<std::uint8_t>(~host_bits(made.bits, i));
  return made;
}

std::vector<subnet> parse_routes(std::string_view text) {
  std::vector<subnet> found;
  each_route(text, [&](const char* line) {
    std::array<char, 32> link{};
    unsigned destination = 0, mask = 0;
    // Iface, Destination, Gateway, Flags, RefCnt, Use, Metric, Mask: in the host's byte order, as the kernel prints it.
    if (std::sscanf(line, "%31s %x %*x %*x %*d %*d %*d %x", link.data(), &destination, &mask) != 3 || mask == 0) return;
    subnet one{{}, std::popcount(mask)};
    std::memcpy(one.base.bytes.data(), &destination, sizeof destination);
    found.push_back(one);
  });
  return found;
}

std::vector<subnet> parse_routes6(std::string_view text) {
  std::vector<subnet> found;
  each_route(text, [&](const char* line) {
    std::array<char, 33> destination{};
    unsigned bits = 0, flags = 0;
    // destination, its prefix, source, its prefix, next hop, metric, references, use, flags, link
    if (std::sscanf(line, "%32[0-9a-f] %x %*s %*x %*s %*x %*x %*x %x", destination.data(), &bits, &flags) != 3) return;
    if (bits == 0 || bits > 128 || (flags & RTF_REJECT) != 0) return;
    subnet one{{ip_family::v6, {}}, static_cast<int>(bits)};
    read_digits(destination.data(), one.base.bytes.data(), one.base.size());
    found.push_back(one);
  });
  return found;
}

std::vector<subnet> host_subnets() {
  auto found = parse_routes(sys::read_file("/proc/net/route", max_routes_file).value_or(std::string()));
  const auto six = parse_routes6(sys::read_file("/proc/net/ipv6_route", max_routes_file).value_or(std::string()));
  found.insert(found.end(), six.begin(), six.end());
  return found;
}

result<subnet> free_subnet(const std::vector<subnet>& taken) {
  for (std::uint8_t second = 17; second <= 31; ++second)
    if (subnet one{ipv4(172, second), 16}; is_free(one, taken)) return one;
  for (unsigned third = 0; third < 256; third += 16)
    if (subnet one{ipv4(192, 168, static_cast<std::uint8_t>(third)), 20}; is_free(one, taken)) return one;
  return none_free("IPv4");
}

result<subnet> free_subnet6(const subnet& unique_local, const std::vector<subnet>& taken) {
  for (unsigned number = 0; number < 65'536; ++number) {
    subnet one{unique_local.base, 64};
    one.base.bytes[6] = static_cast<std::uint8_t>(number >> 8);
    one.base.bytes[7] = static_cast<std::uint8_t>(number);
    if (is_free(one, taken)) return one;
  }
  return none_free("IPv6");
}

subnet unique_local_of(std::string_view id) {
  subnet made{{ip_family::v6, {0xfd}}, 48};
  read_digits(id, made.base.bytes.data() + 1, 5);
  return made;
}

} // namespace gantry::network
