#pragma once

#include "runtime/monitor/child_plan.hpp"

namespace gantry::monitor {

/// Mounts the overlay in the calling process's mount namespace; may change its working directory. Options that do not
/// fit a page (mount(2) takes no more; 120 layers reach it) go through fsconfig's "lowerdir+" (Linux 6.8), or, where
/// that is missing, as names relative to the layers' common folder. Errors name the mount; exhausted for more than 500
/// layers (OVL_MAX_STACK).
result<void> mount_overlay(const overlay_plan& plan);

/// mount(2)'s option string; each name below `base` (with its slash) is made relative to it. For tests.
std::string overlay_options(const overlay_plan& plan, std::string_view base);

/// The deepest folder that holds all of `paths`, with its slash.
std::string common_folder(const std::vector<std::string>& paths);

} // namespace gantry::monitor
