#pragma once

#include <string>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"
#include "store/layout.hpp"

namespace gantry::store {

/// The layout that this engine reads and writes (store/README.md, "Version").
inline constexpr int layout_version = 1;

/// Owns <root>: while an object lives, no other engine can open the same folder. One per engine; blocking calls only
/// at open. Move-only.
class root {
public:
  /// Makes what is missing of the folders (0700), takes the lock (flock(2) on <root>/lock, gone with the process) and
  /// checks VERSION. Errors: failed_precondition when another engine has the root, naming its pid; when the layout is
  /// newer, naming both versions; when the folder holds other things than a store; corrupt when VERSION is unreadable.
  static result<root> open(std::string path);

  [[nodiscard]] const layout& paths() const { return paths_; }

private:
  root(layout paths, sys::unique_fd lock) : paths_(std::move(paths)), lock_(std::move(lock)) {}

  layout paths_;
  sys::unique_fd lock_;
};

} // namespace gantry::store
