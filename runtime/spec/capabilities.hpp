#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/spec/host_facts.hpp"

namespace gantry::spec {

/// A set of capabilities as the kernel counts them (capabilities(7)): bit n is capability number n.
using capability_set = std::uint64_t;

/// The 14 that a container has unless its user says otherwise (Docker's default set).
capability_set default_capabilities();

/// "CAP_NET_ADMIN", "net_admin" to 12. Errors: invalid_argument naming it.
result<int> capability_number(std::string_view name);

/// Names in the order of their numbers.
std::vector<std::string_view> names_of(capability_set set);

/// What a container gets of `base` by --cap-add, --cap-drop ("ALL" included) and --privileged, by Docker's rules:
/// with "ALL" added, all that the engine has but those dropped; with "ALL" dropped, those added alone.
/// Errors: invalid_argument for an unknown name, denied for one that this host does not let the engine hold.
struct capability_request {
  const std::vector<std::string>& add;
  const std::vector<std::string>& drop;
  bool privileged = false;
};
result<capability_set> effective_capabilities(const capability_request& asked, const host_facts& facts);

/// Those of the list, "ALL" being all that the engine has. Errors: as above.
result<capability_set> capabilities_of(const std::vector<std::string>& list, const host_facts& facts);

} // namespace gantry::spec
