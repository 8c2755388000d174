#pragma once

#include "runtime/sys/rooted_dir.hpp"
#include "store/archive/tar_writer.hpp"

namespace gantry::store {

/// How entries are called.
struct packed_names {
  std::string top;   ///< of what is packed itself; empty: the folder is left out
  std::string below; ///< before the names of what is in it
};

/// The names of dockerd's archive of `clean` (see clean_path): "d/" and "d/…"; "/" and "/…" for the root.
packed_names names_of(std::string_view clean);

/// Packs what is at `clean` in `root`: a folder with all below it, by its names in order, or one file. `root` may be
/// hostile and change meanwhile: `clean` is resolved in it, below that no link is followed, and what is opened for
/// reading is the very file that was looked at, never a FIFO or a device. What goes away meanwhile is left out; so are
/// sockets. Hard links within stay such; of extended attributes, capabilities are kept. Blocks; any thread.
/// Errors: not_found; exhausted for trees over 1024 folders deep; those of the sink.
result<void> pack(const sys::rooted_dir& root, const std::string& clean, const packed_names& as, tar_writer& to);

} // namespace gantry::store
