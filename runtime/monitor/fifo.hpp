#pragma once

#include <cstdint>
#include <string>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"

/// The named pipes and the console socket between a monitor and a process of a container.
namespace gantry::monitor {

namespace fifo {

enum class direction { to_container, from_container };

struct ends {
  sys::unique_fd ours;   ///< non-blocking
  sys::unique_fd theirs; ///< blocking. Output: opened for reading too, so that it never meets a pipe without a reader
                         ///< (no SIGPIPE when the monitor dies). Input: for reading alone, so that it can end.
};

/// Whose a FIFO is, besides root: who may open it again by a name below /proc.
struct owner {
  std::uint32_t uid = 0, gid = 0;
};

/// Makes the FIFO `path` (mode 0600) and opens both ends. Errors: already_exists, the errno's.
result<ends> make(const std::string& path, direction way, owner of);

/// Our end of a FIFO that another monitor made. Errors: not_found; unavailable for an input that nobody reads.
result<sys::unique_fd> reopen(const std::string& path, direction way);

} // namespace fifo

/// A Unix socket `name` in `folder` that listens; also where folder's path is longer than a socket's name may be.
/// Non-blocking.
result<sys::unique_fd> listen_below(const std::string& folder, const std::string& name);

} // namespace gantry::monitor
