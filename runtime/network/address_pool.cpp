#include "runtime/network/address_pool.hpp"

#include <algorithm>

#include "messages/domain/quote.hpp"

namespace gantry::network {

address_pool::address_pool(std::string network, const network_subnet& of) : network_(std::move(network)) {
  all_ = parse_subnet(of.subnet).value_or(subnet{});
  range_ = of.ip_range.empty() ? all_ : parse_subnet(of.ip_range).value_or(all_);
  reserved_.insert(parse_ip(of.gateway).value_or(all_.base));
  for (const auto& [name, address] : of.reserved)
    if (auto one = parse_ip(address)) reserved_.insert(*one);
  next_ = range_.first();
}

/// The subnet's first address is nobody's: its own, or that of any of its routers (RFC 4291, 2.6.1); nor is IPv4's
/// broadcast.
bool address_pool::is_special(const ip_address& address) const {
  return address == all_.first() || (family() == ip_family::v4 && address == all_.last()) ||
         reserved_.contains(address);
}

result<std::string> address_pool::take_this(const std::string& wanted) {
  auto address = parse_ip(wanted);
  if (!address) return fail(errc::invalid_argument, "invalid IP address: {}", quote(wanted));
  if (!all_.contains(*address) || is_special(*address))
    return fail(errc::invalid_argument, "no configured subnet of network {} has the address {} to give: it has {}",
                network_, wanted, to_string(all_));
  if (!taken_.insert(*address).second)
    return fail(errc::already_exists, "Address already in use: {} on network {}", wanted, network_);
  return to_string(*address);
}

result<std::string> address_pool::take(const std::string& wanted) {
  if (!wanted.empty()) return take_this(wanted);
  const auto begin = next_;
  do { // ends after as many addresses as are special or taken, however many there are
    const auto address = next_;
    next_ = address == range_.last() ? range_.first() : address.next();
    if (is_special(address) || taken_.contains(address)) continue;
    taken_.insert(address);
    return to_string(address);
  } while (next_ != begin);
  return fail(errc::exhausted, "no available addresses on network {}: all of {} are in use", network_,
              to_string(range_));
}

void address_pool::restore(const std::string& address) {
  if (auto one = parse_ip(address); one && all_.contains(*one)) taken_.insert(*one);
}

void address_pool::give_back(const std::string& address) {
  if (auto one = parse_ip(address)) taken_.erase(*one);
}

std::vector<address_pool> pools_of(const network_definition& network) {
  std::vector<address_pool> pools;
  for (const auto& one : network.subnets) pools.emplace_back(network.display_name, one);
  return pools;
}

result<std::vector<std::string>> take_addresses(std::vector<address_pool>& pools, const endpoint_options& wanted) {
  const bool has6 = std::any_of(pools.begin(), pools.end(), [](const auto& p) { return p.family() == ip_family::v6; });
  if (!has6 && !wanted.address6.empty())
    return fail(errc::invalid_argument, "no configured subnet of network {} has the address {} to give: it has no IPv6",
                wanted.name, wanted.address6);
  std::vector<std::string> got;
  for (auto& pool : pools) {
    auto one = pool.take(pool.family() == ip_family::v6 ? wanted.address6 : wanted.address);
    if (!one) {
      give_back(pools, got);
      return tl::unexpected<error>(std::move(one.error()));
    }
    got.push_back(std::move(*one));
  }
  return got;
}

void give_back(std::vector<address_pool>& pools, const std::vector<std::string>& addresses) {
  for (auto& pool : pools)
    for (const auto& address : addresses) pool.give_back(address);
}

} // namespace gantry::network
