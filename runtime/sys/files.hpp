#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::sys {

/// Small files of the engine's own folders and of /proc; never of a container's rootfs (that is rooted_dir's).
/// All block: not for an actor's thread unless the file is on procfs or tmpfs.

/// Whole content, at most `limit` bytes. Errors: the errno's code; exhausted when larger.
result<std::string> read_file(const std::string& path, std::size_t limit = 1 << 20);

/// What is left to read of `fd`, at most `limit` bytes; `name` is for the error's message. Errors as read_file.
result<std::string> read_all(int fd, std::size_t limit, std::string_view name);

/// Replaces `path` by way of a temporary file beside it, so that a reader sees the old or the new content.
enum class durability { cached, synced };
result<void> write_file(const std::string& path, std::string_view content, mode_t mode = 0644,
                        durability how = durability::cached);

/// Writes all of `content` to `fd`, through EINTR and short writes.
result<void> write_all(int fd, std::string_view content);

/// mkdir -p, each new folder with `mode`.
result<void> make_directories(const std::string& path, mode_t mode);

/// Removes the file or tree at the host path `path`. Absent is success. Symlinks are removed, never followed; mounts
/// (bind mounts too) are never entered. Any depth, with a bounded number of descriptors; ends however fast others add
/// entries. What cannot be removed stays, the rest is removed all the same, and the first error is returned;
/// failed_precondition when something is mounted at `path` itself.
result<void> remove_tree(const std::string& path);

/// fsync of a directory, so that a rename in it is durable.
result<void> sync_directory(const std::string& path);

/// Field 22 of /proc/<pid>/stat, in clock ticks since boot; tells two processes of one pid apart.
result<std::uint64_t> process_start_time(pid_t pid);

} // namespace gantry::sys
