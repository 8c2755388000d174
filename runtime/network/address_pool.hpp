#pragma once

#include <set>

#include "messages/domain/network.hpp"
#include "runtime/network/subnet.hpp"

namespace gantry::network {

/// The addresses of one of a network's subnets: which are given out. It is not kept anywhere: each is in the record of
/// the sandbox that has it, and goes with that. One owner, one thread.
class address_pool {
public:
  address_pool() = default;
  /// Of a definition that is complete (user_network.hpp); `network`: its name, for messages.
  address_pool(std::string network, const network_subnet& of);

  /// `wanted`, or the next that is free: one that was just given back comes last, as its link may still be going.
  /// Errors: invalid_argument for an address that is not of this subnet;
  /// already_exists for one that is taken; exhausted.
  result<std::string> take(const std::string& wanted);
  /// What a record says; addresses of others are none.
  void restore(const std::string& address);
  void give_back(const std::string& address);

  [[nodiscard]] ip_family family() const { return all_.base.family; }
  [[nodiscard]] std::size_t size() const { return taken_.size(); }

private:
  [[nodiscard]] bool is_special(const ip_address& address) const;
  result<std::string> take_this(const std::string& wanted);

  std::string network_;
  subnet all_, range_;
  std::set<ip_address> reserved_; ///< the gateway, and those that its user keeps for others
  std::set<ip_address> taken_;
  ip_address next_; ///< where the search begins
};

/// One a subnet, in their order.
std::vector<address_pool> pools_of(const network_definition& network);

/// An address of each, all or none: of one family `wanted`, of another `wanted6`, where they are not empty. Errors: as
/// address_pool::take; invalid_argument for a family that `pools` have not.
result<std::vector<std::string>> take_addresses(std::vector<address_pool>& pools, const endpoint_options& wanted);
void give_back(std::vector<address_pool>& pools, const std::vector<std::string>& addresses);

} // namespace gantry::network
