#pragma once

#include <map>

#include "messages/container_supervisor.hpp"

namespace gantry {

/// What a container has written.
struct writable_use {
  std::uint64_t bytes = 0, inodes = 0; ///< bytes: allocated on disk, or in memory where the layer lies there
  unix_nanos measured_at = 0;
};

/// Of these containers. An answer may be as old as `fresh_for`, or twenty times what measuring it took: a kubelet asks
/// every ten seconds, and a tree of a million files is not walked as often.
struct measure_writable {
  static constexpr std::chrono::seconds fresh_for{10};
  std::vector<container_view> containers;
};
struct writable_uses {
  std::map<std::string, writable_use> by_id; ///< without those that have no writable layer, or whose is gone
};

/// writable_usage: the sizes of writable layers; on a thread of its own, since it walks trees.
using writable_usage_actor = caf::typed_actor<replies_to<measure_writable>::with<writable_uses>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::measure_writable)
GANTRY_MESSAGE(gantry::writable_uses)
