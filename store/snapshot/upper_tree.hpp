#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/sys/unique_fd.hpp"
#include "store/archive/tar_writer.hpp"
#include "store/layer/lower_tree.hpp"

namespace gantry::store {

/// A container's writable layer, and what it lies above.
struct upper_tree {
  std::string upper;                ///< folder
  std::vector<std::string> parents; ///< folders of the layers below, topmost first
};

/// Something in a writable layer. In an overlay's upper stands what is new, what was changed (copied up, whole), and a
/// whiteout for what was removed.
struct upper_item {
  enum class kind : std::uint8_t {
    added,
    modified,
    untouched, ///< below with the same attributes: a folder on the way to something, or a file that was only opened
    removed,
  };
  std::string path; ///< from the root, without a leading slash
  kind what = kind::added;
  bool opaque = false; ///< a folder that shows nothing of those below it
  struct stat status {};
  int fd = -1; ///< O_PATH, of what is not removed; valid within the visit
};

/// Visits all that is in a writable layer, folders before what is in them, by name. The container may run and change it
/// meanwhile, and be hostile: no link is followed, and what goes away is left out. Whiteouts of what is not below are
/// no items. Blocks. Errors: exhausted (more than 512 folders deep, over 2,000,000 items); those of `visit`.
result<void> walk_upper(const upper_tree& of, const std::function<result<void>(const upper_item&)>& visit);

/// Packs it as a layer (OCI image-spec layer.md): whiteouts as .wh. files, opaque folders with .wh..wh..opq, hard links
/// as such, extended attributes that a layer may have; sockets are left out. Errors: as walk_upper, those of `to`.
result<void> pack_upper(const upper_tree& of, tar_writer& to);

} // namespace gantry::store
