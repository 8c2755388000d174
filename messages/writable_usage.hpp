#pragma once

#include <map>

#include "messages/container_supervisor.hpp"

namespace gantry {

/// What a container has written.
struct writable_use {
  std::uint64_t bytes = 0, inodes = 0; ///< bytes: allocated on disk, or in memory where the layer lies there
  unix_nanos measured_at = 0;
  std::uint64_t folder_bytes = 0; ///< of `bytes`: what the directories themselves take
};

/// Of these containers. An answer may be as old as `fresh_for`, or twenty times what measuring it took: a kubelet asks
/// every ten seconds, and a tree of a million files is not walked as often. Zero: each is measured now.
struct measure_writable {
  std::vector<container_view> containers;
  std::chrono::seconds fresh_for{10};
};
struct writable_uses {
  std::map<std::string, writable_use> by_id; ///< without those that have no writable layer, or whose is gone
};

/// Of folders on the host, such as volumes; each is measured now.
struct measure_folders {
  std::vector<std::string> paths;
};
struct folder_uses {
  std::map<std::string, std::uint64_t> by_path; ///< bytes allocated for files; without what is not there
};

/// writable_usage: the sizes of writable layers and volumes; on a thread of its own, since it walks trees.
using writable_usage_actor =
    caf::typed_actor<replies_to<measure_writable>::with<writable_uses>, replies_to<measure_folders>::with<folder_uses>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::measure_writable)
GANTRY_MESSAGE(gantry::writable_uses)
GANTRY_MESSAGE(gantry::measure_folders)
GANTRY_MESSAGE(gantry::folder_uses)
