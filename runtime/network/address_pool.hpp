#pragma once

#include <set>

#include "messages/domain/network.hpp"
#include "runtime/network/subnet.hpp"

namespace gantry::network {

/// The addresses of one network: which are given out. It is not kept anywhere: each is in the record of the sandbox
/// that has it, and goes with that. One owner, one thread.
class address_pool {
public:
  address_pool() = default;
  /// Of a definition that is complete (user_network.hpp).
  explicit address_pool(const network_definition& of);

  /// `wanted`, or the next that is free: one that was just given back comes last, as its link may still be going.
  /// Errors: invalid_argument for an address that is not of this network;
  /// already_exists for one that is taken; exhausted.
  result<std::string> take(const std::string& wanted);
  /// What a record says; addresses of others are none.
  void restore(const std::string& address);
  void give_back(const std::string& address);

  [[nodiscard]] std::size_t size() const { return taken_.size(); }

private:
  [[nodiscard]] bool is_special(ipv4 address) const;
  result<std::string> take_this(const std::string& wanted);

  std::string network_;
  subnet all_, range_;
  std::set<ipv4> reserved_; ///< the gateway, and those that its user keeps for others
  std::set<ipv4> taken_;
  ipv4 next_ = 0; ///< where the search begins
};

} // namespace gantry::network
