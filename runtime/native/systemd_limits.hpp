#pragma once

#include <vector>

#include "runtime/native/cgroup_values.hpp"
#include "runtime/systemd/units.hpp"

namespace gantry::native {

/// What is written to a cgroup's files (v2) as properties of its unit (systemd.resource-control(5)): systemd writes its
/// own values again whenever it reloads. Files that it has no property for it leaves alone, and they are left out.
std::vector<systemd::property> unit_properties(const std::vector<cgroup_write>& writes);

} // namespace gantry::native
