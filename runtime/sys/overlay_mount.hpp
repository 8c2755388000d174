#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::sys {

/// An overlay to mount at `target` in the child's mount namespace. Layers base first; without upper and work it is
/// read-only, and needs two of them.
struct overlay_plan {
  std::vector<std::string> lower;
  std::string upper, work, target;
  bool volatile_upper = false;
  /// Bytes: a tmpfs of this size is mounted first at the folder that holds `upper` and `work` (siblings), in the
  /// calling process's mount namespace, and both are made in it, with the attributes of the uppermost layer. 0: they
  /// exist.
  std::int64_t memory = 0;
  /// Path that opens a user namespace: what the layers hold belongs to the IDs that this gives it, and what is written
  /// comes to lie on the disk with the IDs that the container sees (Linux 5.19; a tmpfs 6.3). Empty: as they are.
  std::string users{};
  std::uint32_t root_uid = 0, root_gid = 0; ///< with `users`: what its 0 is on the host
};

/// Mounts the overlay in the calling process's mount namespace; may change its working directory. Options that do not
/// fit a page (mount(2) takes no more; 120 layers reach it) go through fsconfig's "lowerdir+" (Linux 6.8), or, where
/// that is missing, as names relative to the layers' common folder. Errors name the mount; exhausted for more than 500
/// layers (OVL_MAX_STACK).
result<void> mount_overlay(const overlay_plan& plan);

/// The overlay as a mount that is attached nowhere (fsmount(2)); `target` is not looked at. Empty, without an error,
/// where the kernel has no "lowerdir+". Errors as mount_overlay.
result<unique_fd> detached_overlay(const overlay_plan& plan);

/// mount(2)'s option string; each name below `base` (with its slash) is made relative to it. For tests.
std::string overlay_options(const overlay_plan& plan, std::string_view base);

/// The value of `lowerdir`: `layers`, base first, as overlayfs reads them, escaped. `base` as above.
std::string overlay_lower(const std::vector<std::string>& layers, std::string_view base = {});

/// The deepest folder that holds all of `paths`, with its slash.
std::string common_folder(const std::vector<std::string>& paths);

} // namespace gantry::sys
