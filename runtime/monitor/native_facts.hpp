#pragma once

#include <memory>

#include "runtime/native/container_plan.hpp"

namespace gantry::monitor {

/// What later verbs need to know of a container that was launched natively. Kept in its bundle too, for a monitor that
/// takes over from one that died.
struct native_facts {
  std::string cgroup_path;
  std::uint32_t namespaces = 0; ///< CLONE_NEW* that it does not share with the host
  std::shared_ptr<const native::seccomp_plan> filter;
};

/// Containers of the same filter share one copy of it. The loop's thread alone.
std::shared_ptr<const native_facts> facts_of(const native::container_plan& plan);

/// <bundle>/native. Errors: the errno's.
result<void> write_facts(const std::string& bundle, const native_facts& facts);
/// None: an OCI runtime has launched it, or nobody has.
std::shared_ptr<const native_facts> read_facts(const std::string& bundle);

} // namespace gantry::monitor
