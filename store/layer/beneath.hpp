#pragma once

#include <sys/stat.h>

#include <string>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::store {

/// openat2(2) of `path` below `folder` with no symlink followed anywhere and no way out; "" is the folder itself.
/// O_CLOEXEC is added. An empty descriptor on failure, with errno set: absence is an everyday answer here, so no
/// message is built.
sys::unique_fd open_beneath(int folder, const std::string& path, int flags);

/// As open_beneath for a folder to work in (O_PATH); the failure as an error that names it.
result<sys::unique_fd> open_folder(int folder, const std::string& path);

/// A symlink's target, from an O_PATH descriptor of it.
result<std::string> read_link(int fd);

/// Removes `leaf` of `folder`, and all below it when it is a directory. Never follows symlinks.
result<void> remove_beneath(int folder, const std::string& leaf);

/// overlayfs's mark of a removed file: a character device 0/0 (kernel Documentation/filesystems/overlayfs.rst).
inline bool is_whiteout(const struct stat& status) { return S_ISCHR(status.st_mode) && status.st_rdev == 0; }

inline constexpr auto opaque_xattr = "trusted.overlay.opaque";

/// Marks a layer's root that the layer does not list. overlayfs hides every xattr with its prefix from containers.
inline constexpr auto implied_root_xattr = "trusted.overlay.gantry.implied";

} // namespace gantry::store
