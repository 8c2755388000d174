#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "messages/domain/container.hpp"
#include "store/folder_name.hpp"
#include "store/layout.hpp"

namespace gantry::store {

/// What is below <root>, by name; nothing is read. Names that the engine did not make are left out: they are not its.
struct folders {
  struct numbered {
    std::uint64_t number = 0;
    folder_name::state now = folder_name::state::whole;
    std::string name; ///< of the folder
  };
  struct download {
    digest content;
    unix_nanos changed_at = 0;
  };
  struct volume {
    std::string name;
    bool marked_removed = false;
    bool empty = false; ///< nothing in _data
  };
  std::vector<digest> blobs;
  std::vector<download> ingests;
  std::vector<numbered> layers, snapshots; ///< those being deleted stand in `gone`
  std::vector<key> containers;
  std::vector<volume> volumes;
  std::vector<std::string> gone; ///< full paths of what waits for its deletion
};

/// Lists the store. Blocks; any thread. For a sweep beside live work it is taken before the records and leases are
/// (store/sweep.hpp). Errors: the errno's code.
result<folders> list_folders(const layout& paths);

} // namespace gantry::store
