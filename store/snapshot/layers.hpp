#pragma once

#include <cstdint>
#include <string>

#include "store/layout.hpp"

namespace gantry::store {

// A layer on disk is made under <root>/layers/.new-<n> and becomes visible, whole and durable, by one rename.
// All block; any thread, one at a time for one number.

/// Makes the folder that the layer is extracted into (0755, as a layer that lists no "/" has it), and gives its path.
/// What a crash left there under the same number is removed first. Errors: already_exists when the layer is whole.
result<std::string> begin_layer(const layout& paths, std::uint64_t n);

/// Syncs the file system that holds it (syncfs(2): one call, where a layer may have 100,000 files), renames, syncs the
/// folder of layers. Errors: not_found when it was not begun, already_exists, exhausted or internal when the disk
/// could not take it (syncfs reports that since Linux 5.8).
result<void> commit_layer(const layout& paths, std::uint64_t n);

/// Removes what begin_layer made; absent is success.
result<void> discard_layer(const layout& paths, std::uint64_t n);

/// Takes a whole layer away, as retire_snapshot does a snapshot. Its record must be gone, synced, before.
result<std::string> retire_layer(const layout& paths, std::uint64_t n);

} // namespace gantry::store
