#include "runtime/network/address_pool.hpp"

#include "messages/domain/quote.hpp"

namespace gantry::network {

address_pool::address_pool(const network_definition& of) : network_(of.display_name) {
  all_ = parse_subnet(of.subnet).value_or(subnet{});
  range_ = of.ip_range.empty() ? all_ : parse_subnet(of.ip_range).value_or(all_);
  reserved_.insert(parse_ipv4(of.gateway).value_or(all_.base));
  for (const auto& [name, address] : of.reserved)
    if (auto one = parse_ipv4(address)) reserved_.insert(*one);
  next_ = range_.first();
}

/// The subnet's own address and its broadcast are nobody's.
bool address_pool::is_special(ipv4 address) const {
  return address == all_.first() || address == all_.last() || reserved_.contains(address);
}

result<std::string> address_pool::take_this(const std::string& wanted) {
  auto address = parse_ipv4(wanted);
  if (!address) return fail(errc::invalid_argument, "invalid IPv4 address: {}", quote(wanted));
  if (!all_.contains(*address) || is_special(*address))
    return fail(errc::invalid_argument, "no configured subnet of network {} has the address {} to give: it has {}",
                network_, wanted, to_string(all_));
  if (!taken_.insert(*address).second)
    return fail(errc::already_exists, "Address already in use: {} on network {}", wanted, network_);
  return wanted;
}

result<std::string> address_pool::take(const std::string& wanted) {
  if (!wanted.empty()) return take_this(wanted);
  const auto size = std::uint64_t{range_.last()} - range_.first() + 1;
  for (std::uint64_t tried = 0; tried < size; ++tried) {
    const auto address = next_;
    next_ = address == range_.last() ? range_.first() : address + 1;
    if (is_special(address) || taken_.contains(address)) continue;
    taken_.insert(address);
    return to_string(address);
  }
  return fail(errc::exhausted, "no available IPv4 addresses on network {}: all of {} are in use", network_,
              to_string(range_));
}

void address_pool::restore(const std::string& address) {
  if (auto one = parse_ipv4(address); one && all_.contains(*one)) taken_.insert(*one);
}

void address_pool::give_back(const std::string& address) {
  if (auto one = parse_ipv4(address)) taken_.erase(*one);
}

} // namespace gantry::network
