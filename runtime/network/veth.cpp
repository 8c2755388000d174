#include "runtime/network/veth.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "runtime/network/rtnetlink.hpp"

namespace gantry::network {
namespace {

using mac_bytes = std::array<unsigned char, 6>;

std::string_view bytes_of(const auto& value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

result<in_addr> parse_address(const std::string& text) {
  in_addr address{};
  if (::inet_pton(AF_INET, text.c_str(), &address) != 1)
    return fail(errc::invalid_argument, "'{}' is not an IPv4 address", text.substr(0, 64));
  return address;
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

netlink_request new_address(int link, in_addr address, int prefix_length, const std::string& name) {
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  header.ifa_prefixlen = static_cast<unsigned char>(prefix_length);
  header.ifa_index = static_cast<unsigned>(link);
  netlink_request request("address of " + name, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, header);
  request.add(IFA_LOCAL, bytes_of(address));
  request.add(IFA_ADDRESS, bytes_of(address));
  in_addr broadcast = address;
  broadcast.s_addr |= htonl(prefix_length == 0 ? ~0U : (1U << (32 - prefix_length)) - 1U);
  request.add(IFA_BROADCAST, bytes_of(broadcast));
  return request;
}

netlink_request default_route(in_addr gateway) {
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_BOOT;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  header.rtm_type = RTN_UNICAST;
  netlink_request request("default route", RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, header);
  request.add(RTA_GATEWAY, bytes_of(gateway));
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

result<void> set_up_end(netlink_socket& there, const veth& end, in_addr address) {
  GANTRY_LET(const auto link, there.index_of(end.interface));
  std::vector<netlink_request> requests;
  requests.emplace_back("lo", std::uint16_t{RTM_NEWLINK}, std::uint16_t{0}, up(1)); // its index everywhere
  requests.push_back(new_address(link, address, end.prefix_length, end.interface));
  requests.emplace_back("link " + end.interface, std::uint16_t{RTM_NEWLINK}, std::uint16_t{0}, up(link));
  if (!end.gateway.empty()) {
    GANTRY_LET(const auto gateway, parse_address(end.gateway));
    requests.push_back(default_route(gateway));
  }
  return there.run(requests);
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
  GANTRY_LET(const auto raw, parse_address(address));
  mac_bytes mac{0x02, 0x42};
  bytes_of(raw).copy(reinterpret_cast<char*>(mac.data()) + 2, 4);
  return text_of(mac);
}

result<void> make_bridge(const bridge_link& bridge) {
  GANTRY_LET(const auto address, parse_address(bridge.address));
  GANTRY_LET(const auto mac, mac_of(bridge.address).and_then(parse_mac));
  GANTRY_LET(auto host, netlink_socket::here());
  netlink_request link("bridge " + bridge.name, RTM_NEWLINK, NLM_F_CREATE, up());
  link.add_text(IFLA_IFNAME, bridge.name);
  link.add(IFLA_ADDRESS, bytes_of(mac)); // one that was set is not taken from the ports
  if (bridge.mtu > 0) link.add_number(IFLA_MTU, static_cast<std::uint32_t>(bridge.mtu));
  link.open(IFLA_LINKINFO);
  link.add(IFLA_INFO_KIND, "bridge");
  link.close();
  GANTRY_TRY(host.run({link}));
  GANTRY_LET(const auto index, host.index_of(bridge.name));
  return host.run({new_address(index, address, bridge.prefix_length, bridge.name)});
}

result<void> remove_link(const std::string& name) {
  GANTRY_LET(auto host, netlink_socket::here());
  return remove(host, name);
}

result<std::string> connect_veth(const veth& end) {
  GANTRY_LET(const auto address, parse_address(end.address));
  GANTRY_LET(const auto mac,
             (end.mac.empty() ? mac_of(end.address) : result<std::string>(end.mac)).and_then(parse_mac));
  GANTRY_LET(auto host, netlink_socket::here());
  GANTRY_LET(const auto bridge, host.index_of(end.bridge));
  GANTRY_LET(const auto space, open_namespace(end.namespace_path));
  GANTRY_LET(auto there, netlink_socket::in(space.get()));
  const auto port = fresh_name();
  auto made = host.run({new_pair(end, port, bridge, space.get(), mac), hairpin(port)});
  if (made) made = set_up_end(there, end, address);
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
