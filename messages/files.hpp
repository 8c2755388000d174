#pragma once

#include <sys/types.h>

#include "messages/byte_pipe.hpp"
#include "messages/catalog.hpp"

namespace gantry {

/// What stands at a path in a container.
struct file_info {
  std::string name; ///< the path's last part: "/" for the root, "." for "x/."
  std::uint64_t size = 0;
  mode_t mode = 0; ///< st_mode
  unix_nanos modified_at = 0;
  std::string link_target; ///< of a symlink: where in the container all links lead, as far as they lead anywhere
};

// Paths are as the user wrote them. Containers need not run, and see nothing of it but what is written.

struct look_at_file {
  found_container what;
  std::string path;
};
/// Writes a tar archive of what is at `path` into the pipe. Answered before its first byte; a failure after that is the
/// pipe's.
struct read_files {
  found_container what;
  std::string path;
  byte_pipe into;
};
/// Writes a tar archive of the container's root, without its volumes, into the pipe. Answered as above.
struct export_files {
  found_container what;
  byte_pipe into;
};
/// Unpacks a tar archive, plain or compressed, into the folder at `path`.
struct write_files {
  found_container what;
  std::string path;
  byte_pipe from;
  bool keep_kinds = false;    ///< no folder is replaced by anything else, nor anything else by a folder
  bool owned_by_user = false; ///< all belongs to the user that the container runs as, where it names one
};

/// files: what is copied from and to containers' roots, each by a worker with a thread of its own. exhausted when too
/// many are under way.
using files_actor = caf::typed_actor<
    // not_found when nothing is there; invalid_argument for a path through what is no folder; failed_precondition when
    // the container's writable layer is gone
    replies_to<look_at_file>::with<file_info>, replies_to<read_files>::with<file_info>,
    replies_to<export_files>::with<done>,
    // invalid_argument where it is read-only, and for what is no folder; not_found; corrupt for an archive that is none
    replies_to<write_files>::with<done>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::file_info)
GANTRY_MESSAGE(gantry::look_at_file)
GANTRY_MESSAGE(gantry::read_files)
GANTRY_MESSAGE(gantry::export_files)
GANTRY_MESSAGE(gantry::write_files)
