#pragma once

#include <dirent.h>

#include <memory>

namespace gantry::sys {

struct directory_closer {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
/// An open directory stream (opendir(3)); empty where opening it failed.
using directory = std::unique_ptr<DIR, directory_closer>;

} // namespace gantry::sys
