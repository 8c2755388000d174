#pragma once

#include <optional>
#include <string>

#include "runtime/native/container_plan.hpp"

/// Which containers may have a network namespace, or cgroups, that another had before them, and leave them to others
/// (README.md, "Why network namespaces are used again", "Why cgroups are used again"). Pure functions of the plan.
namespace gantry::monitor {

/// No capability by which a process could change a network namespace, reach into one that is not its own, or mount.
bool is_powerless(const native::process_plan& process);

/// Under which terms the container's network may be used again: another with the same terms finds it as a new one
/// would be to it. Nothing: this container gets a new one, which ends with it.
std::optional<std::string> terms_of_network_reuse(const native::container_plan& plan, const std::string& bundle);

/// The same of its cgroups, of whose settings each is a term.
std::optional<std::string> terms_of_cgroup_reuse(const native::container_plan& plan, const std::string& bundle);

} // namespace gantry::monitor
