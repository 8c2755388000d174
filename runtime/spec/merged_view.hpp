#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/error.hpp"

namespace gantry::spec {

/// Reads files of a root filesystem that is not mounted: its overlay layer folders, looked at as overlayfs would merge
/// them (kernel, overlayfs.rst: whiteouts are character devices 0/0, `trusted.overlay.opaque` hides what is below).
/// Content is hostile: every component is opened by itself without following symlinks, and symlinks are resolved by
/// the reader, so nothing outside of the layers is ever touched.
class merged_view {
public:
  /// `layers`: host folders, topmost first.
  explicit merged_view(std::vector<std::string> layers) : layers_(std::move(layers)) {}

  /// The content of the regular file `path`. Symlinks are followed as in a chroot, at most 40.
  /// Errors: not_found; invalid_argument (not a regular file, too many links, a path too long); exhausted over `limit`.
  [[nodiscard]] result<std::string> read_file(std::string_view path, std::size_t limit = 1 << 20) const;

private:
  std::vector<std::string> layers_;
};

} // namespace gantry::spec
