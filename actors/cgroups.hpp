#pragma once

#include "messages/cgroups.hpp"
#include "runtime/cgroup/mode.hpp"

namespace gantry {

struct cgroups_state {
  cgroup::layout host;
  cgroup::driver driver = cgroup::driver::cgroupfs;
  static inline const char* name = "cgroups";
};

/// cgroups, on a thread of its own.
cgroups_actor::behavior_type cgroups(cgroups_actor::stateful_pointer<cgroups_state> self, cgroup::layout host,
                                     cgroup::driver driver);

} // namespace gantry
