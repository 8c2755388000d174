#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/sys/rooted_dir.hpp"

namespace gantry::spec {

/// Reads files of a root filesystem that is not mounted: its overlay layer folders, looked at as overlayfs would merge
/// them (kernel, overlayfs.rst: whiteouts are character devices 0/0, `trusted.overlay.opaque` hides what is below).
/// Content is hostile: every component is opened by itself without following symlinks, and symlinks are resolved by
/// the reader, so nothing outside of the layers is ever touched.
class merged_view {
public:
  /// `layers`: host folders, topmost first.
  explicit merged_view(std::vector<std::string> layers) : layers_(std::move(layers)) {}

  /// Of a container that runs: what its init sees as its root, since a writable layer in memory is in no folder of the
  /// host. What is mounted over the root's own files is not looked at, nor waited for: there the layers answer, and so
  /// they do for all when the process with this pid and start time (field 22 of /proc/<pid>/stat) has ended.
  static merged_view of_running(pid_t init, std::uint64_t start_time, std::vector<std::string> layers);

  /// Of a root that is mounted, without what is mounted in it.
  static result<merged_view> of_tree(const sys::rooted_dir& root);

  /// The content of the regular file `path`. Symlinks are followed as in a chroot, at most 40.
  /// Errors: not_found; invalid_argument (not a regular file, too many links, a path too long); exhausted over `limit`.
  [[nodiscard]] result<std::string> read_file(std::string_view path, std::size_t limit = 1 << 20) const;

private:
  std::vector<std::string> layers_;
  std::optional<sys::rooted_dir> live_;
};

} // namespace gantry::spec
