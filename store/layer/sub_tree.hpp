#pragma once

#include <string>
#include <vector>

#include "messages/domain/error.hpp"

namespace gantry::store {

/// What each of an image's layers (folders, base first) has of what the image shows at `path`: those that overlayfs
/// would merge there, base first, to be mounted in their stead; of a file, its path in the topmost. `path` is resolved
/// as in a chroot by openat2(2), in the layers mounted where nobody sees them: blocks; needs CAP_SYS_ADMIN.
/// Errors: not_found when the image has nothing there; invalid_argument when it is neither a folder nor a file.
result<std::vector<std::string>> layers_at(const std::vector<std::string>& layers, const std::string& path);

} // namespace gantry::store
