#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::sys {

/// A directory out of which no path leads: every name is resolved by openat2(2) below it. Names may be hostile:
/// symlinks, "..", absolute. Thread-safe for reading; the descriptor is the only state.
class rooted_dir {
public:
  /// How a name is resolved. `in_root`: "/" and ".." stop at the root, as in a chroot (what a container would see).
  /// `beneath`: any attempt to leave is an error (EXDEV). `in_one_mount`: as in_root, and so is a mount point on the
  /// way: what is mounted there may be of a kind that makes the caller wait. None crosses magic links.
  enum class resolve { in_root, beneath, in_one_mount };

  static result<rooted_dir> open(const std::string& path);
  explicit rooted_dir(unique_fd directory) : dir_(std::move(directory)) {}

  /// openat2 with `flags` (O_CLOEXEC is added) and `mode` for O_CREAT. With O_NOFOLLOW the last component is not
  /// followed. Errors carry the errno and the name.
  [[nodiscard]] result<unique_fd> open_at(std::string_view name, int flags, mode_t mode = 0,
                                          resolve how = resolve::in_root) const;

  /// Reads a regular file of at most `limit` bytes. Errors: not_found, exhausted when it is larger,
  /// invalid_argument when it is not a regular file (a FIFO would block).
  [[nodiscard]] result<std::string> read_file(std::string_view name, std::size_t limit,
                                              resolve how = resolve::in_root) const;

  /// Makes the directories of `name` that do not exist, each as a container would see it; returns the last one
  /// (O_PATH).
  [[nodiscard]] result<unique_fd> make_directories(std::string_view name, mode_t mode) const;

  [[nodiscard]] int fd() const { return dir_.get(); }

private:
  unique_fd dir_;
};

/// What `part` of `folder` is, folder or file, opened with O_PATH: links may lead to elsewhere in `folder`, and not out
/// of it. An empty part is the whole, which may be a file. Errors: not_found, and invalid_argument for one that leads
/// out, in dockerd's words; else the errno's.
result<unique_fd> open_part(const std::string& folder, const std::string& part);

} // namespace gantry::sys
