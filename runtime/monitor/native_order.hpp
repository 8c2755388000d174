#pragma once

#include "runtime/native/launch.hpp"

namespace gantry::monitor {

/// A container's process that the zygote launches itself (runtime/native), without executing a runtime. The descriptors
/// that come along: 0 to 2 of the process; then, for a terminal, the socket that its master goes to; last, for an exec,
/// the pidfd of the container's init.
struct native_order {
  native::container_plan plan; ///< of an exec: `process` and `seccomp` alone
  std::string id, bundle, cgroup_path;
  std::string idle_cgroups; ///< that become its own, if there are any (runtime/native/cgroup_reuse.hpp)
  bool exec = false;
  std::uint32_t namespaces = 0; ///< of an exec: CLONE_NEW* that the container does not share with the host
};

std::string encode(const native_order& order);
result<native_order> decode_native_order(std::string_view bytes);

/// Carries it out in the zygote: the process, of this nice value, becomes a child of the monitor. Errors:
/// launch_init's, launch_exec's; corrupt when descriptors are missing.
result<native::started> carry_out_order(const native_order& order, const std::vector<sys::unique_fd>& descriptors,
                                        int niceness);

} // namespace gantry::monitor
