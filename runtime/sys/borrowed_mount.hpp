#pragma once

#include <string>

#include "messages/domain/error.hpp"

namespace gantry::sys {

/// The root of another mount namespace, to be mounted at `target` in the caller's: a file system that several
/// containers share, and no namespace of the host shows.
struct borrowed_mount {
  std::string mount_namespace; ///< path that opens it: /proc/<pid>/fd/<n>
  std::string target;          ///< made if missing
};

/// Mounts it. The caller is alone in a process with the host's rights, in a mount namespace of its own; its root and
/// working directory become that namespace's root. (Copying a tree of another namespace needs a visit there: until
/// Linux 6.15 neither a detached mount nor a path through /proc can be the source.) Errors: the errno's.
result<void> mount_borrowed(const borrowed_mount& what);

} // namespace gantry::sys
