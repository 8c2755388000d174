#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "messages/domain/error.hpp"

namespace gantry::sys {

/// A few small files that live as long as the mount namespace in which they are mounted: nothing of them is on a disk,
/// and whoever may write to them cannot take more memory than the mount's limit.
struct file_mount {
  std::string target;                                     ///< an existing folder, absolute
  std::vector<std::pair<std::string, std::string>> files; ///< name (no '/'), content
  std::uint32_t uid = 0, gid = 0;                         ///< whose they are
};

inline constexpr std::size_t max_file_mount_bytes = 1 << 20; ///< of all files' content together

/// Mounts a tmpfs (nosuid, nodev, noexec) at `target` in the calling process's mount namespace and writes the files
/// into it, 0644. They may grow to four times what they have, at least to 256 KiB together. Errors:
/// invalid_argument for a name with '/' or content over the limit; the errno's of fsmount(2), move_mount(2), write(2).
result<void> mount_files(const file_mount& plan);

} // namespace gantry::sys
