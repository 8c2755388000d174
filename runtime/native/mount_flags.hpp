#pragma once

#include <sys/mount.h>

#include <cstdint>

/// What glibc's <sys/mount.h> does not name (linux/mount.h, which cannot be included beside it on Debian 12).
namespace gantry::native {

inline constexpr std::uint64_t attr_atime = 0x70;           ///< MOUNT_ATTR__ATIME: all bits of the access time's mode
inline constexpr std::uint64_t attr_nosymfollow = 0x200000; ///< MOUNT_ATTR_NOSYMFOLLOW
inline constexpr long devpts_magic = 0x1cd1;                ///< DEVPTS_SUPER_MAGIC, statfs(2)
inline constexpr long proc_magic = 0x9fa0;                  ///< PROC_SUPER_MAGIC
inline constexpr long cgroup2_magic = 0x63677270;           ///< CGROUP2_SUPER_MAGIC

} // namespace gantry::native
