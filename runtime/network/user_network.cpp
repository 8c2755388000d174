#include "runtime/network/user_network.hpp"

#include <algorithm>

#include "messages/domain/quote.hpp"

namespace gantry::network {
namespace {

constexpr std::size_t max_name = 255;
constexpr int narrowest = 29; // the bridge's own address and one for a container, beside the subnet's two special ones

result<subnet> choose_subnet(const network_definition& asked, const std::vector<subnet>& taken) {
  if (asked.subnet.empty()) {
    if (!asked.gateway.empty() || !asked.ip_range.empty() || !asked.reserved.empty())
      return fail(errc::invalid_argument, "network {}: a gateway, an address range or reserved addresses need a subnet",
                  asked.display_name);
    return free_subnet(taken);
  }
  GANTRY_LET(auto wanted, parse_subnet(asked.subnet));
  if (wanted.bits < 8 || wanted.bits > narrowest)
    return fail(errc::invalid_argument, "network {}: subnet {} is not one from /8 to /{}", asked.display_name,
                asked.subnet, narrowest);
  for (const auto& one : taken)
    if (one.overlaps(wanted))
      return fail(errc::denied, "Pool overlaps with other one on this address space: {} is in use ({})",
                  to_string(wanted), to_string(one));
  return wanted;
}

result<void> check_within(const network_definition& of, const subnet& all, const std::string& address,
                          std::string_view what) {
  auto parsed = parse_ipv4(address);
  if (parsed && all.contains(*parsed) && *parsed != all.first() && *parsed != all.last()) return {};
  return fail(errc::invalid_argument, "network {}: {} {} is not an address of {}", of.display_name, what,
              quote(address), to_string(all));
}

/// IFNAMSIZ is 16; the kernel refuses the rest (dev_valid_name in net/core/dev.c).
bool is_link_name(std::string_view name) {
  return !name.empty() && name.size() <= 15 && name != "." && name != ".." &&
         name.find_first_of("/: \t\n\v\f\r") == std::string_view::npos;
}

} // namespace

result<void> check_network_name(std::string_view name) {
  auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  };
  bool starts =
      !name.empty() && good(name.front()) && name.front() != '_' && name.front() != '.' && name.front() != '-';
  if (starts && name.size() <= max_name && std::all_of(name.begin(), name.end(), good)) return {};
  return fail(errc::invalid_argument,
              "invalid network name {}: write letters, digits and _.- after a letter or digit, {} at most", quote(name),
              max_name);
}

result<network_definition> complete(network_definition asked, const std::vector<subnet>& taken) {
  GANTRY_TRY(check_network_name(asked.display_name));
  GANTRY_LET(auto all, choose_subnet(asked, taken));
  asked.subnet = to_string(all);
  if (asked.gateway.empty()) asked.gateway = to_string(all.base + 1);
  GANTRY_TRY(check_within(asked, all, asked.gateway, "gateway"));
  for (const auto& [name, address] : asked.reserved) GANTRY_TRY(check_within(asked, all, address, "auxiliary address"));
  if (!asked.ip_range.empty()) {
    GANTRY_LET(auto range, parse_subnet(asked.ip_range));
    if (!all.contains(range))
      return fail(errc::invalid_argument, "network {}: the address range {} is not a part of {}", asked.display_name,
                  asked.ip_range, asked.subnet);
    asked.ip_range = to_string(range);
  }
  if (asked.bridge.empty()) asked.bridge = "gt-" + asked.name.id.substr(0, 12);
  if (!is_link_name(asked.bridge))
    return fail(errc::invalid_argument, "network {}: {} is not a link's name: at most 15 characters, no blanks",
                asked.display_name, quote(asked.bridge));
  if (!asked.host_address.empty() && !parse_ipv4(asked.host_address))
    return fail(errc::invalid_argument, "network {}: {} is not an IPv4 address of this host", asked.display_name,
                quote(asked.host_address));
  return asked;
}

bridge_network bridge_of(const network_definition& of, const bridge_network& beside) {
  bridge_network made;
  made.name = of.name.id;
  made.cni_name = beside.cni_name + "-" + of.name.id.substr(0, 12); // one an engine: hosts may have several
  made.bridge = of.bridge;
  made.subnet = of.subnet;
  made.gateway = of.gateway;
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
  shown.subnet = own.subnet;
  shown.gateway = own.gateway;
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
