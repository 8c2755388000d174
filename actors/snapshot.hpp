#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>

#include "messages/metadata.hpp"
#include "messages/snapshot.hpp"
#include "store/blob/blob_store.hpp"
#include "store/layout.hpp"
#include "store/numbers.hpp"

namespace gantry {

/// Deletes what was renamed away. A queue of its own, so that a big tree delays no creation.
struct delete_tree {
  std::string path;
};
using reaper_actor = caf::typed_actor<
    // Answers when the tree is gone
    replies_to<delete_tree>::with<done>>;

struct snapshot_parts {
  store::layout paths{""};
  std::shared_ptr<const store::blob_store> blobs;
  std::shared_ptr<store::numbers> layer_numbers, snapshot_numbers;
  metadata_actor metadata;
  reaper_actor reaper;
};

struct snapshot_state {
  snapshot_parts parts;
  std::map<digest, layer_folder> layers; ///< all that are whole, by diffID or chainID
  struct claim {
    std::string lease;
    std::deque<std::pair<claim_layer, caf::typed_response_promise<layer_claim>>> waiting;
  };
  std::map<digest, claim> claims; ///< layers being made, by diffID
  struct held {
    std::set<std::uint64_t> folders;
    std::set<digest> blobs;
  };
  std::map<std::string, held> leases;
  std::map<std::uint64_t, unix_nanos> prepared; ///< snapshots whose container may not be recorded yet, until when

  /// While a sweep is under way nobody is told that a layer or blob is there: such requests wait here.
  bool sweeping = false;
  std::vector<std::function<void()>> after_sweep;

  static inline const char* name = "snapshot";
};

/// snapshot (architecture, "Actors"): on a thread of its own, since it makes and renames folders.
snapshot_actor::behavior_type snapshot(snapshot_actor::stateful_pointer<snapshot_state> self, snapshot_parts parts,
                                       std::vector<layer_folder> layers);

/// reaper: on a thread of its own.
reaper_actor::behavior_type reaper(reaper_actor::pointer self);

namespace snapshot_steps {
using self_pointer = snapshot_actor::stateful_pointer<snapshot_state>;
caf::result<swept_content> sweep(self_pointer self);
} // namespace snapshot_steps

} // namespace gantry

GANTRY_MESSAGE(gantry::delete_tree)
