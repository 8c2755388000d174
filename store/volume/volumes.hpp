#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "store/layout.hpp"
#include "store/volume/copy_tree.hpp"

namespace gantry::store {

// Volumes on disk: <root>/volumes/<name>/_data. Their content is the user's: nothing here or in the sweep deletes a
// volume but one whose removal was begun by name. All block; any thread, one at a time for one name.

/// Docker's rule: [a-zA-Z0-9][a-zA-Z0-9_.-]+, at most 255 bytes. Errors: invalid_argument, with the rule.
result<void> check_volume_name(std::string_view name);

/// A name for an anonymous volume: 64 hex digits.
std::string anonymous_volume_name();

/// Makes the folders that are missing (the volume 0700, _data 0755) and syncs them; one whose removal was begun and
/// not finished is as if new. The path of _data. Errors: invalid_argument, exhausted.
result<std::string> create_volume_folder(const layout& paths, std::string_view name);

/// First step of a removal, before the record is erased: from then on a folder without a record is garbage.
/// Errors: not_found; exhausted on a full disk: go on all the same, a crash then leaves the folder as unclaimed.
result<void> mark_volume_removed(const layout& paths, std::string_view name);
/// True when that mark is there.
bool is_volume_marked_removed(const layout& paths, std::string_view name);
/// Last step, after the record is erased (synced): renames the folder away and gives its new path, for
/// sys::remove_tree. Empty when there is none: a removal is repeated.
result<std::string> retire_volume(const layout& paths, std::string_view name);

/// Fills an empty volume with what an image has at the mount point (`content`), owner and mode of that folder too, as
/// Docker does: whole or not at all. A volume that has content stays as it is, and nothing was copied then.
/// With a `part` (sys::open_part) that is an empty folder of the volume, that one; any other part stays as it is.
/// Nobody may have the volume mounted meanwhile. Errors: those of copy_tree, not_found for the volume.
result<copied_tree> copy_up(const layout& paths, std::string_view name, const sys::rooted_dir& content,
                            const std::string& part = {}, std::stop_token stop = {}, copy_limits limits = {});

} // namespace gantry::store
