#pragma once

#include <optional>

#include "runtime/sys/rooted_dir.hpp"
#include "store/byte_source.hpp"

namespace gantry::store {

struct unpacking {
  bool keep_kinds = false; ///< no folder is replaced by anything else, nor anything else by a folder
  struct owner {
    uid_t uid = 0;
    gid_t gid = 0;
  };
  std::optional<owner> all_owned_by{}; ///< else as the archive says
  std::string top{};                   ///< what the names' first part becomes; empty: as it is
  bool capabilities = true;            ///< programs keep what the archive says that they may do
};

/// Unpacks a tar archive (plain, or as plain_source reads it) into the folder `into` of `root`, as dockerd does: a
/// folder that is there is merged with, whatever else is there is replaced; attributes are the archive's. `root` may be
/// hostile and change meanwhile: every name is resolved in it anew (links of its own are followed there), the last
/// component is made and never followed or opened. What was unpacked before a failure stays. Blocks; any thread.
/// Errors: invalid_argument for a name that leads out of the archive, or against `keep_kinds`; corrupt; exhausted; the
/// errno's.
result<void> unpack(byte_source& archive, const sys::rooted_dir& root, const std::string& into, const unpacking& how);

} // namespace gantry::store
