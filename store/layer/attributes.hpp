#pragma once

#include <string>

#include "messages/domain/error.hpp"
#include "store/layer/entry.hpp"

namespace gantry::store {

/// What new files get without being told, so that system calls that would change nothing are left out.
struct creation_defaults {
  mode_t umask = 077;
  uid_t uid = 0;
  gid_t gid = 0;

  /// Of this process. The umask is read from /proc, as umask(2) can only be read by changing it for all threads.
  static creation_defaults current();
};

/// Gives a file that was just created with `attrs.mode & 0777` the rest of its attributes; times last.
result<void> finish_file(int fd, const attributes& attrs, const creation_defaults& defaults);

/// Gives a folder all its attributes. The order matters: chown(2) clears setuid bits and capabilities, and an ACL
/// refines the mode.
result<void> apply_to_folder(int fd, const attributes& attrs);

/// Owner, mode and time of a symlink, device or FIFO that was just created as `leaf` of `folder`. They carry no xattrs.
result<void> finish_special(int folder, const std::string& leaf, const attributes& attrs,
                            const creation_defaults& defaults, entry_kind kind);

/// The attributes of an open file or folder, xattrs as far as keep_xattr() allows.
result<attributes> read_attributes(int fd);

} // namespace gantry::store
