#pragma once

#include <string>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/native/container_plan.hpp"

namespace gantry::native {

/// What a list of device rules comes to: a verdict for all devices and the exceptions from it, as the v1 devices cgroup
/// keeps them (Linux, cgroup-v1/devices.rst). Pure.
struct device_policy {
  struct exception {
    char type = 'c'; ///< 'b' or 'c'
    std::int64_t major = -1, minor = -1;
    unsigned access = 0; ///< BPF_DEVCG_ACC_*: 1 mknod, 2 read, 4 write
  };
  bool allow_all = true;
  std::vector<exception> exceptions;
};

/// The rules in order, then what every container may use (runtime-spec config-linux.md, "Default Devices", terminals,
/// and making nodes, which gives no access).
device_policy policy_of(const std::vector<device_rule>& rules);

/// What is written to devices.allow and devices.deny of a fresh cgroup, in order: {file, line}. Nothing when all is
/// allowed, as that is what it starts with.
std::vector<key_value> v1_device_lines(const device_policy& policy);

/// A BPF_PROG_TYPE_CGROUP_DEVICE program, as struct bpf_insn[].
std::string device_program(const device_policy& policy);

/// Loads the policy for the v2 cgroup whose folder is open as `folder`. Errors: the errno's.
result<void> attach_device_policy(int folder, const device_policy& policy);

} // namespace gantry::native
