#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/sys/rooted_dir.hpp"

namespace gantry::sys {

/// Shows `act` the tree that overlayfs makes of `layers` (base first; in one folder, by short names, so that the option
/// string of mount(2) holds 500 of them), read-only. The mount is in a mount namespace of a thread that lives as
/// long as the call: the host never sees it. Blocks; needs CAP_SYS_ADMIN. Errors: of the mount, and those of `act`.
result<void> with_merged_tree(const std::vector<std::string>& layers,
                              const std::function<result<void>(const rooted_dir&)>& act);

} // namespace gantry::sys
