#include "runtime/network/subnet.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdio>

#include "messages/domain/quote.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::network {
namespace {

constexpr std::size_t max_routes_file = 16 << 20;

ipv4 mask_of(int bits) { return bits == 0 ? 0 : ~ipv4{0} << (32 - bits); }

} // namespace

std::optional<ipv4> parse_ipv4(const std::string& text) {
  in_addr address{};
  if (::inet_pton(AF_INET, text.c_str(), &address) != 1) return std::nullopt;
  return ntohl(address.s_addr);
}

std::string to_string(ipv4 address) {
  return fmt::format("{}.{}.{}.{}", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
}

std::string to_string(const subnet& of) { return fmt::format("{}/{}", to_string(of.base), of.bits); }

result<subnet> parse_subnet(std::string_view text) {
  auto slash = text.find('/');
  subnet made;
  auto address = parse_ipv4(std::string(text.substr(0, slash)));
  if (slash == std::string_view::npos || !address)
    return fail(errc::invalid_argument, "{} is not an IPv4 subnet: write one like 172.28.0.0/16", quote(text));
  const auto *begin = text.data() + slash + 1, *end = text.data() + text.size();
  auto parsed = std::from_chars(begin, end, made.bits);
  if (parsed.ec != std::errc{} || parsed.ptr != end || made.bits < 0 || made.bits > 32)
    return fail(errc::invalid_argument, "{} is not an IPv4 subnet: its prefix is not 0 to 32", quote(text));
  made.base = *address & mask_of(made.bits);
  return made;
}

std::vector<subnet> parse_routes(std::string_view text) {
  std::vector<subnet> found;
  while (!text.empty()) {
    const std::string line(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    std::array<char, 32> link{};
    unsigned destination = 0, mask = 0;
    // Iface, Destination, Gateway, Flags, RefCnt, Use, Metric, Mask: in the host's byte order, as the kernel prints it.
    if (std::sscanf(line.c_str(), "%31s %x %*x %*x %*d %*d %*d %x", link.data(), &destination, &mask) != 3) continue;
    if (mask != 0) found.push_back({ntohl(destination), std::popcount(mask)});
  }
  return found;
}

std::vector<subnet> host_subnets() {
  return parse_routes(sys::read_file("/proc/net/route", max_routes_file).value_or(std::string()));
}

result<subnet> free_subnet(const std::vector<subnet>& taken) {
  auto is_free = [&](const subnet& wanted) {
    return std::none_of(taken.begin(), taken.end(), [&](const subnet& one) { return one.overlaps(wanted); });
  };
  for (ipv4 second = 17; second <= 31; ++second)
    if (subnet one{172U << 24 | second << 16, 16}; is_free(one)) return one;
  for (ipv4 third = 0; third < 256; third += 16)
    if (subnet one{192U << 24 | 168U << 16 | third << 8, 20}; is_free(one)) return one;
  return fail(errc::exhausted, "could not find an available, non-overlapping IPv4 address pool among the defaults to "
                               "assign to the network: name a subnet, or remove networks that nothing uses");
}

} // namespace gantry::network
