#pragma once

#include <sys/stat.h>

#include <string>

#include "messages/domain/error.hpp"
#include "runtime/sys/rooted_dir.hpp"

namespace gantry::store {

/// What stands at a path in a container's root.
struct path_info {
  std::string name; ///< base_name of the path
  struct stat status {};
  std::string link_target; ///< of a symlink: the path in the root where all links lead, as far as they lead anywhere
};

/// invalid_argument for what only the path itself can be blamed for: it leads through a file, through too many links,
/// or is too long. Other errors stay as they are.
error path_error(error why);

/// `clean`: see clean_path. Errors: not_found; path_error's.
result<path_info> look_at(const sys::rooted_dir& root, const std::string& clean);

} // namespace gantry::store
