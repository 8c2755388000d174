#include "runtime/network/port_table.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "runtime/sys/files.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::network {
namespace {

constexpr auto any4 = "0.0.0.0", any6 = "::";

std::string shown(const port_binding& port) {
  const auto ip = port.host_ip.empty() ? any4 : port.host_ip;
  const auto host = family_of(ip) == ip_family::v4 ? std::string(ip) : fmt::format("[{}]", ip);
  return fmt::format("{}:{}", host, port.host_port);
}

/// Is there an address that is of both?
bool share_address(const std::string& a, const std::string& b) {
  if (a.empty() || b.empty()) return true;
  if (family_of(a) != family_of(b)) return false;
  const auto* any = family_of(a) == ip_family::v4 ? any4 : any6;
  return a == any || b == any || a == b;
}

bool overlaps(const port_binding& a, const port_binding& b) {
  return a.host_port == b.host_port && a.protocol == b.protocol && share_address(a.host_ip, b.host_ip);
}

/// The addresses that are to be free.
result<std::vector<ip_address>> check_binding(const port_binding& port) {
  if (port.protocol != "tcp" && port.protocol != "udp" && port.protocol != "sctp")
    return fail(errc::invalid_argument, "invalid protocol '{}' of port {}: use tcp, udp or sctp",
                port.protocol.substr(0, 16), port.container_port);
  if (port.container_port == 0) return fail(errc::invalid_argument, "container port 0 cannot be published");
  if (port.host_ip.empty()) return std::vector{*parse_ip(any4), *parse_ip(any6)};
  const auto address = parse_ip(port.host_ip);
  if (address) return std::vector{*address};
  return fail(errc::invalid_argument, "invalid host address '{}' of port {}: use an IP address of this host",
              port.host_ip.substr(0, 64), port.container_port);
}

int bind_to(int fd, const ip_address& address, std::uint16_t port) {
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(port);
  std::memcpy(&four.sin_addr, address.bytes.data(), sizeof four.sin_addr);
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  std::memcpy(&six.sin6_addr, address.bytes.data(), sizeof six.sin6_addr);
  return address.family == ip_family::v4 ? ::bind(fd, reinterpret_cast<const sockaddr*>(&four), sizeof four)
                                         : ::bind(fd, reinterpret_cast<const sockaddr*>(&six), sizeof six);
}

/// Tries to bind as a listener would. 0, or the errno. SCTP is not probed: its module may not be loaded.
int probe(const port_binding& port, const ip_address& address) {
  if (port.protocol == "sctp") return 0;
  const bool tcp = port.protocol == "tcp", four = address.family == ip_family::v4;
  const sys::unique_fd fd(::socket(four ? AF_INET : AF_INET6, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0));
  if (!fd) return errno;
  const int on = 1;
  if (!four) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  // Connections in TIME_WAIT do not stand in the way of a redirect; a listener still does.
  if (tcp) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return bind_to(fd.get(), address, port.host_port) == 0 ? 0 : errno;
}

int probe(const port_binding& port, const std::vector<ip_address>& addresses) {
  for (const auto& address : addresses)
    if (const int problem = probe(port, address); problem != 0) return problem;
  return 0;
}

std::pair<std::uint32_t, std::uint32_t> ephemeral_range() {
  unsigned low = 32'768, high = 60'999;
  const auto text = sys::read_file("/proc/sys/net/ipv4/ip_local_port_range", 64).value_or(std::string());
  unsigned a = 0, b = 0;
  if (std::sscanf(text.c_str(), "%u %u", &a, &b) == 2 && a > 0 && a <= b && b <= 65'535) low = a, high = b;
  return {low, high};
}

} // namespace

bool port_table::is_taken(const port_binding& wanted) const {
  const auto [first, last] = taken_.equal_range(wanted.host_port);
  for (auto it = first; it != last; ++it)
    if (overlaps(it->second, wanted)) return true;
  return false;
}

result<port_binding> port_table::take_free(port_binding wanted) {
  GANTRY_LET(const auto addresses, check_binding(wanted));
  if (wanted.host_port_last != 0) return take_of_range(wanted, addresses);
  if (wanted.host_port != 0) {
    const int problem = is_taken(wanted) ? EADDRINUSE : probe(wanted, addresses);
    if (problem == 0) return wanted;
    if (problem == EADDRINUSE)
      return fail(errc::already_exists, "Bind for {} failed: port is already allocated", shown(wanted));
    return fail_errno(problem, "Bind for {} failed", shown(wanted));
  }
  const auto [low, high] = ephemeral_range();
  for (std::uint32_t tries = 0; tries <= high - low; ++tries) {
    if (next_ < low || next_ > high) next_ = low;
    wanted.host_port = static_cast<std::uint16_t>(next_++);
    if (is_taken(wanted)) continue;
    const int problem = probe(wanted, addresses);
    if (problem == 0) return wanted;
    if (problem != EADDRINUSE) return fail_errno(problem, "Bind for {} failed", shown(wanted));
  }
  return fail(errc::exhausted, "all ports of {}-{} are taken: publish fewer, or name host ports outside of that range",
              low, high);
}

result<port_binding> port_table::take_of_range(port_binding wanted, const std::vector<ip_address>& addresses) {
  const auto asked = wanted;
  wanted.host_port_last = 0;
  for (std::uint32_t port = asked.host_port; port <= asked.host_port_last; ++port) {
    wanted.host_port = static_cast<std::uint16_t>(port);
    if (is_taken(wanted)) continue;
    const int problem = probe(wanted, addresses);
    if (problem == 0) return wanted;
    if (problem != EADDRINUSE) return fail_errno(problem, "Bind for {} failed", shown(wanted));
  }
  return fail(errc::already_exists, "Bind for {}-{} failed: all of these ports are already allocated", shown(asked),
              asked.host_port_last);
}

result<std::vector<port_binding>> port_table::reserve(const key& owner, const std::vector<port_binding>& asked) {
  std::vector<port_binding> got;
  for (const auto& wanted : asked) {
    auto port = take_free(wanted);
    if (!port) {
      for (const auto& one : got) std::erase_if(taken_, [&](const auto& held) { return held.second == one; });
      return tl::unexpected<error>(std::move(port.error()));
    }
    taken_.emplace(port->host_port, *port);
    got.push_back(std::move(*port));
  }
  auto& held = owners_[owner];
  held.insert(held.end(), got.begin(), got.end());
  return got;
}

void port_table::restore(const key& owner, std::vector<port_binding> ports) {
  release(owner);
  for (const auto& port : ports) taken_.emplace(port.host_port, port);
  owners_[owner] = std::move(ports);
}

void port_table::release(const key& owner) {
  const auto found = owners_.find(owner);
  if (found == owners_.end()) return;
  for (const auto& port : found->second) {
    const auto [first, last] = taken_.equal_range(port.host_port);
    for (auto it = first; it != last; ++it)
      if (it->second == port) {
        taken_.erase(it);
        break;
      }
  }
  owners_.erase(found);
}

std::size_t port_table::size() const { return taken_.size(); }

} // namespace gantry::network
