#pragma once

#include <string>
#include <vector>

#include "store/layer/extract.hpp"

namespace gantry::test {

/// A folder under /tmp that is gone at the end of its life.
class scratch {
public:
  scratch();
  ~scratch();
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  /// Makes an empty folder of that name and gives its path.
  [[nodiscard]] std::string folder(const std::string& name) const;

private:
  std::string path_;
};

/// Of a base layer.
inline const store::parent_view no_parents{};

/// Extracts an uncompressed tar into `folder` with the usual limits. Without parents it stands alone.
result<store::extracted_layer> extract(const std::string& tar, const std::string& folder,
                                       const store::parent_view* parents = nullptr, store::layer_limits limits = {});

/// What there is below a folder, one line per entry in order of names: type, mode, owner, mtime, device, target,
/// xattrs, content and the first name of its link group.
std::vector<std::string> describe(const std::string& folder);

/// The same for overlayfs's read-only view of `layers` (topmost first), mounted in a private mount namespace by a
/// child process. Its root is that which a snapshot would show (inherit_root).
std::vector<std::string> describe_mounted(const scratch& where, const std::vector<std::string>& layers);

} // namespace gantry::test
