#include "runtime/network/veth.hpp"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "runtime/network/kernel_switch.hpp"
#include "runtime/network/rtnetlink.hpp"
#include "runtime/network/subnet.hpp"

namespace gantry::network {
namespace {

using mac_bytes = std::array<unsigned char, 6>;

std::string_view bytes_of(const auto& value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

result<ip_address> parse_address(const std::string& text) {
  const auto address = parse_ip(text);
  if (!address) return fail(errc::invalid_argument, "'{}' is not an IP address", text.substr(0, 64));
  return *address;
}

unsigned char domain_of(const ip_address& address) { return address.family == ip_family::v4 ? AF_INET : AF_INET6; }

std::string_view raw(const ip_address& address) {
  return {reinterpret_cast<const char*>(address.bytes.data()), address.size()};
}

result<mac_bytes> parse_mac(const std::string& text) {
  mac_bytes mac{};
  int end = 0;
  if (std::sscanf(text.c_str(), "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4],
                  &mac[5], &end) != 6 ||
      static_cast<std::size_t>(end) != text.size())
    return fail(errc::invalid_argument, "'{}' is not a MAC address like 02:42:ac:11:00:02", text.substr(0, 64));
  return mac;
}

std::string text_of(const mac_bytes& mac) { return fmt::format("{:02x}", fmt::join(mac, ":")); }

result<sys::unique_fd> open_namespace(const std::string& path) {
  sys::unique_fd space(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!space) return fail_errno(errno, "network namespace {}", path);
  return space;
}

/// As the kernel names them with veth%d, but not for it to search: two ends made at once do not meet.
std::string fresh_name() {
  std::uint32_t random = 0;
  (void)::getrandom(&random, sizeof random, 0); // as many bytes as these never come short
  return fmt::format("veth{:08x}", random);
}

/// Of a link that is to be up.
ifinfomsg up(int index = 0) {
  ifinfomsg header{};
  header.ifi_index = index;
  header.ifi_flags = header.ifi_change = IFF_UP;
  return header;
}

result<netlink_request> new_address(int link, const link_address& of, const std::string& name) {
  GANTRY_LET(const auto address, parse_address(of.ip));
  ifaddrmsg header{};
  header.ifa_family = domain_of(address);
  header.ifa_prefixlen = static_cast<unsigned char>(of.prefix_length);
  header.ifa_index = static_cast<unsigned>(link);
  // Nobody else has it: the engine gives out all of the subnet. A program may bind to it at once.
  if (address.family == ip_family::v6) header.ifa_flags = IFA_F_NODAD;
  netlink_request request(fmt::format("address {} of {}", of.ip, name), RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE,
                          header);
  request.add(IFA_LOCAL, raw(address));
  request.add(IFA_ADDRESS, raw(address));
  const auto broadcast = subnet{address, of.prefix_length}.last();
  if (address.family == ip_family::v4) request.add(IFA_BROADCAST, raw(broadcast));
  return request;
}

result<netlink_request> default_route(const std::string& by) {
  GANTRY_LET(const auto gateway, parse_address(by));
  rtmsg header{};
  header.rtm_family = domain_of(gateway);
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_BOOT;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  header.rtm_type = RTN_UNICAST;
  netlink_request request("default route by " + by, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, header);
  request.add(RTA_GATEWAY, raw(gateway));
  return request;
}

/// The pair: the bridge's port here, the other end in the namespace from its first moment.
netlink_request new_pair(const veth& end, const std::string& port, int bridge, int there, const mac_bytes& mac) {
  netlink_request request("link " + end.interface, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, up());
  request.add_text(IFLA_IFNAME, port);
  request.add_number(IFLA_MASTER, bridge);
  if (end.mtu > 0) request.add_number(IFLA_MTU, static_cast<std::uint32_t>(end.mtu));
  request.open(IFLA_LINKINFO);
  request.add(IFLA_INFO_KIND, "veth");
  request.open(IFLA_INFO_DATA);
  request.open(VETH_INFO_PEER);
  request.add_header(bytes_of(ifinfomsg{}));
  request.add_text(IFLA_IFNAME, end.interface);
  request.add_number(IFLA_NET_NS_FD, there);
  request.add(IFLA_ADDRESS, bytes_of(mac));
  if (end.mtu > 0) request.add_number(IFLA_MTU, static_cast<std::uint32_t>(end.mtu));
  request.close();
  request.close();
  request.close();
  return request;
}

/// A container reaches its own published port: what comes from the bridge's port may go back there.
netlink_request hairpin(const std::string& port) {
  netlink_request request("hairpin mode of " + port, RTM_NEWLINK, 0, ifinfomsg{});
  request.add_text(IFLA_IFNAME, port);
  request.open(IFLA_LINKINFO);
  request.add(IFLA_INFO_SLAVE_KIND, "bridge");
  request.open(IFLA_INFO_SLAVE_DATA);
  request.add_number(IFLA_BRPORT_MODE, std::uint8_t{1});
  request.close();
  request.close();
  return request;
}

result<void> set_up_end(netlink_socket& there, const veth& end) {
  GANTRY_LET(const auto link, there.index_of(end.interface));
  std::vector<netlink_request> requests;
  requests.emplace_back("lo", std::uint16_t{RTM_NEWLINK}, std::uint16_t{0}, up(1)); // its index everywhere
  requests.emplace_back("link " + end.interface, std::uint16_t{RTM_NEWLINK}, std::uint16_t{0}, up(link));
  for (const auto& address : end.addresses) {
    GANTRY_LET(auto request, new_address(link, address, end.interface));
    requests.push_back(std::move(request));
  }
  for (const auto& address : end.addresses) {
    if (address.gateway.empty()) continue;
    GANTRY_LET(auto request, default_route(address.gateway));
    requests.push_back(std::move(request));
  }
  return there.run(requests);
}

/// Once all else is there, as one may take IPv6 away.
result<void> set_sysctls_of_link(int space, const veth& end) {
  if (end.sysctls.empty()) return {};
  return visit(space, [&end]() -> result<void> {
    for (const auto& one : end.sysctls)
      GANTRY_TRY(set(fmt::format("{}/{}/{}/{}", one.family, one.table, end.interface, one.name), one.value));
    return {};
  });
}

bool is_v6(const link_address& address) { return family_of(address.ip) == ip_family::v6; }

/// A bridge has IPv6 when it has such an address, and else not even link-local ones: what comes from a container would
/// be forwarded by a host that forwards. It never takes a container for a router of its own (CVE-2020-13401).
result<void> settle_ipv6(const bridge_link& bridge) {
  const bool wanted = std::any_of(bridge.addresses.begin(), bridge.addresses.end(), is_v6);
  const auto folder = "ipv6/conf/" + bridge.name;
  // Not there: a host without IPv6, or a link that is too narrow for it.
  if (!wanted && ::access(("/proc/sys/net/" + folder).c_str(), F_OK) != 0) return {};
  GANTRY_TRY(turn(folder + "/accept_ra", false));
  return turn(folder + "/disable_ipv6", !wanted);
}

result<void> remove(netlink_socket& from, const std::string& name) {
  netlink_request request("remove link " + name, RTM_DELLINK, 0, ifinfomsg{});
  request.add_text(IFLA_IFNAME, name);
  auto removed = from.run({request});
  if (!removed && removed.error().os_errno == ENODEV) return {};
  return removed;
}

} // namespace

result<std::string> mac_of(const std::string& address) {
  GANTRY_LET(const auto of, parse_address(address));
  mac_bytes mac{0x02, 0x42};
  raw(of).substr(of.size() - 4).copy(reinterpret_cast<char*>(mac.data()) + 2, 4);
  return text_of(mac);
}

result<void> make_bridge(const bridge_link& bridge) {
  GANTRY_LET(const auto mac, mac_of(bridge.addresses.front().ip).and_then(parse_mac));
  GANTRY_LET(auto host, netlink_socket::here());
  netlink_request link("bridge " + bridge.name, RTM_NEWLINK, NLM_F_CREATE, up());
  link.add_text(IFLA_IFNAME, bridge.name);
  link.add(IFLA_ADDRESS, bytes_of(mac)); // one that was set is not taken from the ports
  if (bridge.mtu > 0) link.add_number(IFLA_MTU, static_cast<std::uint32_t>(bridge.mtu));
  link.open(IFLA_LINKINFO);
  link.add(IFLA_INFO_KIND, "bridge");
  link.close();
  GANTRY_TRY(host.run({link}));
  GANTRY_TRY(settle_ipv6(bridge));
  GANTRY_LET(const auto index, host.index_of(bridge.name));
  std::vector<netlink_request> requests;
  for (const auto& address : bridge.addresses) {
    GANTRY_LET(auto request, new_address(index, address, bridge.name));
    requests.push_back(std::move(request));
  }
  return host.run(requests);
}

result<void> remove_link(const std::string& name) {
  GANTRY_LET(auto host, netlink_socket::here());
  return remove(host, name);
}

result<std::string> connect_veth(const veth& end) {
  GANTRY_LET(const auto mac,
             (end.mac.empty() ? mac_of(end.addresses.front().ip) : result<std::string>(end.mac)).and_then(parse_mac));
  GANTRY_LET(auto host, netlink_socket::here());
  GANTRY_LET(const auto bridge, host.index_of(end.bridge));
  GANTRY_LET(const auto space, open_namespace(end.namespace_path));
  GANTRY_LET(auto there, netlink_socket::in(space.get()));
  const auto port = fresh_name();
  auto made = host.run({new_pair(end, port, bridge, space.get(), mac), hairpin(port)});
  if (made) made = set_up_end(there, end);
  if (made) made = set_sysctls_of_link(space.get(), end);
  if (made) return text_of(mac);
  (void)remove(host, port); // a name of ours alone: whatever failed, nobody else's link goes
  return within(made.error(), "connect to bridge {}", end.bridge);
}

result<void> disconnect_veth(const std::string& namespace_path, const std::string& interface) {
  auto space = open_namespace(namespace_path);
  if (!space && space.error().code == errc::not_found) return {};
  if (!space) return tl::unexpected<error>(space.error());
  GANTRY_LET(auto there, netlink_socket::in(space->get()));
  return remove(there, interface);
}

} // namespace gantry::network
