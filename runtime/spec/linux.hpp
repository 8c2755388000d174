#pragma once

#include <string>
#include <vector>

#include "runtime/spec/process.hpp"
#include "runtime/spec/security.hpp"
#include "runtime/spec/spec.hpp"

/// The `linux` member but for seccomp (runtime-spec config-linux.md). Internal to runtime/spec.
namespace gantry::spec {

/// Errors: invalid_argument for a mode or sysctl that cannot be.
result<json> namespaces_json(const spec_input& input);

/// Whether the container is in a user namespace: its pod's.
bool has_own_users(const spec_input& input);
/// linux.uidMappings and gidMappings: with a namespace that is joined too, since runtimes look at them for what the
/// container's root is on the host.
json id_maps_json(const std::vector<id_mapping>& map);

/// The user's over the engine's. Only those that a namespace of the container's own holds may be set, as docker has it.
/// Errors: invalid_argument.
result<json> sysctls_json(const spec_input& input);

/// linux.maskedPaths and readonlyPaths: Docker's lists, the user's own, or none.
struct path_rules {
  std::vector<std::string> masked, read_only;
};
path_rules paths_of(const spec_input& input, const security_options& security);

/// Whether the container has a UTS namespace of its own, so that its hostname may be set.
bool has_own_hostname(const spec_input& input);

} // namespace gantry::spec
