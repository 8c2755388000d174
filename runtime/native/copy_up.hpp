#pragma once

#include "messages/domain/error.hpp"

namespace gantry::native {

/// Copies what the folder `from` holds into the folder `to` (both open; `to` may be of a mount that is attached
/// nowhere): folders, regular files, symlinks and device nodes with owner, mode and times, through no symlink. Other
/// mounts below `from` are empty folders in the copy. `limit`: levels of folders. Errors: the errno's, naming the
/// entry; exhausted.
result<void> copy_folder(int from, int to, int limit = 256);

} // namespace gantry::native
