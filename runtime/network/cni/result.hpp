#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/network/cni/sequence.hpp"

namespace gantry::network::cni {

struct interface_result {
  std::string name, mac;
  std::string sandbox; ///< the namespace's path; empty for one of the host
};
struct address_result {
  std::string ip; ///< without prefix
  int prefix_length = 0;
  std::string gateway;
  std::optional<std::size_t> interface; ///< which of `interfaces` has it
  [[nodiscard]] bool is_v6() const { return ip.find(':') != std::string::npos; }
};
struct route_result {
  std::string destination, gateway;
};

/// What an attachment gave. In results before 0.3.0 there are no interfaces, and at most one address of each family.
struct attachment_result {
  std::vector<interface_result> interfaces;
  std::vector<address_result> addresses; ///< in the plugins' order: the first one is the pod's own
  std::vector<route_result> routes;
  resolver dns;
  std::string dns_domain;

  /// The addresses of the sandbox's interface of that name: those that the result gives to no interface, too.
  [[nodiscard]] std::vector<address_result> addresses_of(std::string_view interface) const;
  /// Its hardware address; empty when the result does not say.
  [[nodiscard]] std::string mac_of(std::string_view interface) const;
};

inline constexpr std::size_t max_result_entries = 1024; ///< of each kind

/// Reads an add's result in the form of any version from 0.1.0 to 1.1.0 (SPEC.md, "Add Success").
/// Errors: corrupt, saying what is wrong with it.
result<attachment_result> parse_result(std::string_view json);

} // namespace gantry::network::cni
