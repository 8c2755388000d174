#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

namespace gantry::store {

struct xattr {
  std::string name, value;
};

/// What a file carries besides its content.
struct attributes {
  mode_t mode = 0755; ///< permission bits, 07777
  uid_t uid = 0;
  gid_t gid = 0;
  timespec mtime{0, 0};
  std::vector<xattr> xattrs; ///< only those that keep_xattr() lets through
};

enum class entry_kind : std::uint8_t { file, folder, symlink, hardlink, char_device, block_device, fifo };

/// One entry of a tar archive, its numbers checked, its names as they came.
struct tar_entry {
  std::string name;
  entry_kind kind = entry_kind::file;
  attributes attrs;
  std::string target;     ///< of a symlink or hard link
  dev_t device = 0;       ///< of a device
  std::uint64_t size = 0; ///< apparent size of a file
};

/// Whether a layer may set this xattr: user.* and security.capability are content; POSIX ACLs hold numeric ids alone.
/// All else is dropped: trusted.* and user.overlay.* would steer overlayfs, security.selinux, .ima and .evm belong to
/// the host's own policy, other namespaces mean nothing across hosts.
bool keep_xattr(const std::string& name);

} // namespace gantry::store
