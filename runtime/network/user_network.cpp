#include "runtime/network/user_network.hpp"

#include <algorithm>
#include <cctype>

#include "messages/domain/quote.hpp"

namespace gantry::network {
namespace {

constexpr std::size_t max_name = 255;
/// The prefixes that a network's subnet may have: the narrowest has addresses for the bridge and a container beside the
/// special ones.
struct widths {
  int widest, narrowest;
};
widths widths_of(ip_family family) { return family == ip_family::v4 ? widths{8, 29} : widths{8, 126}; }

constexpr int least_mtu6 = 1280; // RFC 8200, 5: a link with less has no IPv6

/// What is nobody's, or is in use on each link as it is: loopback and IPv4 in IPv6, link-local, multicast (RFC 4291).
bool is_special(const subnet& of) {
  for (const auto* text : {"::/8", "fe80::/10", "ff00::/8"})
    if (of.overlaps(*parse_subnet(text))) return true;
  return false;
}

/// What a new network's subnets are chosen by.
struct surroundings {
  const std::vector<subnet>& taken;
  const subnet& unique_local;
};

result<subnet> choose_subnet(const std::string& network, const network_subnet& asked, ip_family family,
                             const surroundings& beside) {
  if (asked.subnet.empty()) {
    if (!asked.gateway.empty() || !asked.ip_range.empty() || !asked.reserved.empty())
      return fail(errc::invalid_argument, "network {}: a gateway, an address range or reserved addresses need a subnet",
                  network);
    return family == ip_family::v4 ? free_subnet(beside.taken) : free_subnet6(beside.unique_local, beside.taken);
  }
  GANTRY_LET(auto wanted, parse_subnet(asked.subnet));
  const auto [widest, narrowest] = widths_of(family);
  if (wanted.bits < widest || wanted.bits > narrowest)
    return fail(errc::invalid_argument, "network {}: subnet {} is not one from /{} to /{}", network, asked.subnet,
                widest, narrowest);
  if (is_special(wanted))
    return fail(errc::invalid_argument, "network {}: subnet {} has addresses with a meaning of their own (RFC 4291)",
                network, asked.subnet);
  for (const auto& one : beside.taken)
    if (one.overlaps(wanted))
      return fail(errc::denied, "Pool overlaps with other one on this address space: {} is in use ({})",
                  to_string(wanted), to_string(one));
  return wanted;
}

/// In the one text that the address has.
result<std::string> check_within(const std::string& network, const subnet& all, const std::string& address,
                                 std::string_view what) {
  auto parsed = parse_ip(address);
  const bool broadcast = parsed && parsed->family == ip_family::v4 && *parsed == all.last();
  if (parsed && all.contains(*parsed) && *parsed != all.first() && !broadcast) return to_string(*parsed);
  return fail(errc::invalid_argument, "network {}: {} {} is not an address of {}", network, what, quote(address),
              to_string(all));
}

result<void> complete_subnet(const std::string& network, network_subnet& one, ip_family family,
                             const surroundings& beside) {
  GANTRY_LET(auto all, choose_subnet(network, one, family, beside));
  one.subnet = to_string(all);
  if (one.gateway.empty()) one.gateway = to_string(all.first().next());
  GANTRY_LET(one.gateway, check_within(network, all, one.gateway, "gateway"));
  for (const auto& [name, address] : one.reserved) GANTRY_TRY(check_within(network, all, address, "auxiliary address"));
  if (one.ip_range.empty()) return {};
  GANTRY_LET(auto range, parse_subnet(one.ip_range));
  if (!all.contains(range))
    return fail(errc::invalid_argument, "network {}: the address range {} is not a part of {}", network, one.ip_range,
                one.subnet);
  one.ip_range = to_string(range);
  return {};
}

/// IPv4's, then IPv6's if the network is to have that; one that its user does not name is empty.
result<std::vector<network_subnet>> one_of_each_family(const network_definition& asked) {
  std::vector<network_subnet> made, six;
  for (const auto& one : asked.subnets) (family_of(one.subnet) == ip_family::v6 ? six : made).push_back(one);
  if (made.size() > 1 || six.size() > 1)
    return fail(errc::denied, "bridge driver doesn't support multiple subnets: name one of IPv4 and one of IPv6");
  if (!asked.ipv6 && !six.empty())
    return fail(errc::invalid_argument, "network {}: subnet {} is of IPv6, which needs EnableIPv6 (--ipv6)",
                asked.display_name, six.front().subnet);
  made.resize(1);
  six.resize(asked.ipv6 ? 1 : 0);
  made.insert(made.end(), six.begin(), six.end());
  return made;
}

} // namespace

result<void> check_network_name(std::string_view name) {
  if (name.find_first_not_of(' ') == std::string_view::npos)
    return fail(errc::invalid_argument, "invalid name: name is empty");
  const auto is_control = [](unsigned char c) { return std::iscntrl(c) != 0; };
  if (name.size() <= max_name && std::none_of(name.begin(), name.end(), is_control)) return {};
  return fail(errc::invalid_argument, "invalid network name {}: write {} bytes at most, and no control characters",
              quote(name), max_name);
}

result<network_definition> complete(network_definition asked, const std::vector<subnet>& taken,
                                    const subnet& unique_local) {
  GANTRY_TRY(check_network_name(asked.display_name));
  GANTRY_LET(asked.subnets, one_of_each_family(asked));
  auto family = ip_family::v4;
  for (auto& one : asked.subnets) {
    GANTRY_TRY(complete_subnet(asked.display_name, one, family, {taken, unique_local}));
    family = ip_family::v6;
  }
  if (asked.ipv6 && asked.mtu != 0 && asked.mtu < least_mtu6)
    return fail(errc::invalid_argument, "network {}: IPv6 needs an MTU of {} at least, not {}", asked.display_name,
                least_mtu6, asked.mtu);
  if (asked.bridge.empty()) asked.bridge = "gt-" + asked.name.id.substr(0, 12);
  if (!is_link_name(asked.bridge))
    return fail(errc::invalid_argument, "network {}: {} is not a link's name: at most 15 characters, no blanks",
                asked.display_name, quote(asked.bridge));
  if (const auto at = parse_ip(asked.host_address); !asked.host_address.empty() && (!at || at->family != ip_family::v4))
    return fail(errc::invalid_argument, "network {}: {} is not an IPv4 address of this host", asked.display_name,
                quote(asked.host_address));
  return asked;
}

bridge_network bridge_of(const network_definition& of, const bridge_network& beside) {
  bridge_network made;
  made.name = of.name.id;
  made.cni_name = beside.cni_name + "-" + of.name.id.substr(0, 12); // one an engine: hosts may have several
  made.bridge = of.bridge;
  made.subnets.clear();
  for (const auto& one : of.subnets) made.subnets.push_back({one.subnet, one.gateway});
  made.mtu = of.mtu;
  made.plugin_dir = beside.plugin_dir;
  made.internal = of.internal;
  made.masquerade = of.masquerade && !of.internal;
  made.apart_from = beside.bridge;
  return made;
}

network_definition definition_of(const bridge_network& own, const std::string& ns) {
  network_definition shown;
  shown.name = {ns, own.name};
  shown.display_name = own.name;
  for (const auto& one : own.subnets) shown.subnets.push_back({one.subnet, one.gateway, {}});
  shown.bridge = own.bridge;
  shown.mtu = own.mtu;
  shown.options = {{"com.docker.network.bridge.default_bridge", "true"},
                   {"com.docker.network.bridge.enable_icc", "true"},
                   {"com.docker.network.bridge.enable_ip_masquerade", "true"},
                   {"com.docker.network.bridge.host_binding_ipv4", "0.0.0.0"},
                   {"com.docker.network.bridge.name", own.bridge},
                   {"com.docker.network.driver.mtu", std::to_string(own.mtu != 0 ? own.mtu : 1500)}};
  return shown;
}

} // namespace gantry::network
