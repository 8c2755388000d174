#pragma once

#include <sys/stat.h>

#include <string>

#include "messages/domain/error.hpp"

namespace gantry::store {

/// Copies owner, mode, extended attributes and times from one open file or directory to another, in the order that the
/// kernel demands: a chown takes setuid bits and capabilities away, everything changes times. overlayfs's own
/// attributes (trusted.overlay.*, user.overlay.*) stay behind: they would tell overlayfs lies about the copy. So do
/// attributes that the target's file system cannot hold. Both descriptors are for reading or writing, not O_PATH.
result<void> copy_attributes(int from, int to);

/// The same for what cannot be opened: symlinks and special files, `name` in directory `to` (`from` may be O_PATH).
result<void> copy_attributes_at(int from, int to, const std::string& name);

} // namespace gantry::store
