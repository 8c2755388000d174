#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "store/layout.hpp"

namespace gantry::store {

// Writable layers on disk: <root>/snapshots/<n>/{upper,work}, as overlayfs wants them (one file system, an empty work).
// All block; any thread, one at a time for one number.

/// Makes the folders of snapshot `n`. The upper is what a container sees as "/": it gets owner, mode, times and
/// extended attributes of `top_layer`'s root folder, or 0755 of root without one. Not synced: a container that was
/// never run is worth no fsync. Errors (nothing is left): already_exists, not_found for a layer, exhausted.
result<void> prepare_snapshot(const layout& paths, std::uint64_t n, std::optional<std::uint64_t> top_layer);

/// Takes snapshot `n` away at once, by a rename. What is answered is to be deleted by sys::remove_tree, which may take
/// its time; a crash before that leaves it to the sweep. Empty when there is no such snapshot: a removal is repeated.
result<std::string> retire_snapshot(const layout& paths, std::uint64_t n);

/// As retire_snapshot, for any folder of the store; the new name is in the same folder as `path`.
result<std::string> retire_folder(const std::string& path);

} // namespace gantry::store
