#pragma once

#include "messages/caf.hpp"
#include "messages/domain/container.hpp"

namespace gantry {

/// A layer that is whole on disk.
struct layer_folder {
  digest id; ///< its diffID, or its chainID when its content depends on the layers below
  bool by_chain = false;
  std::uint64_t folder = 0;
  std::uint64_t bytes = 0; ///< expanded
};

/// Asks for a layer on behalf of `lease`: either it is there (under its diffID, or its chainID), and leased, or the
/// asker shall make it, in a folder of a new number. While somebody else is making it, the answer waits. `blob` is
/// leased with it, whether it is there or not: the same layer may have come as another blob.
struct claim_layer {
  digest diff_id, chain_id, blob;
  std::string lease;
};
struct layer_claim {
  layer_folder layer;
  bool exists = false;
  bool blob_exists = false; ///< said of a layer that exists
};
/// The folder that was claimed under `diff_id` is made: it is recorded and stays leased.
struct commit_layer {
  layer_folder layer;
  digest diff_id;
  std::string lease;
};
/// Small documents into the blob store, leased.
struct keep_documents {
  std::vector<std::pair<digest, std::string>> documents;
  std::string lease;
};
/// From the answer on, no sweep takes these blobs, whether they are there already or come later.
struct hold_blobs {
  std::vector<digest> blobs;
  std::string lease;
};
/// Nothing of this lease is needed any more by who held it; unfinished claims go to the next who waits.
struct release_lease {
  std::string lease;
};

/// Folders for a container's writable layer, above these layers (base first).
struct prepare_snapshot {
  key owner;
  std::vector<std::uint64_t> layers;
};
struct prepared_snapshot {
  std::uint64_t snapshot = 0;
};
/// Takes the writable layer away: renamed at once, deleted in the background.
struct remove_snapshot {
  std::uint64_t snapshot = 0;
};
/// Deletes the layers and blobs that no record and no lease reaches. Answers what went.
struct sweep_content {};
struct swept_content {
  std::vector<digest> layers;
  std::uint64_t bytes = 0;
};
/// A container's folder (its logs), if it has one, deleted in the background.
struct remove_container_folder {
  key container;
};

/// snapshot: the graph of layers and writable layers, their leases, and the sweep of what is unused.
using snapshot_actor =
    caf::typed_actor<replies_to<claim_layer>::with<layer_claim>, replies_to<commit_layer>::with<done>,
                     replies_to<keep_documents>::with<done>, replies_to<hold_blobs>::with<done>,
                     reacts_to<release_lease>, replies_to<prepare_snapshot>::with<prepared_snapshot>,
                     replies_to<remove_snapshot>::with<done>, replies_to<sweep_content>::with<swept_content>,
                     replies_to<remove_container_folder>::with<done>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::layer_folder)
GANTRY_MESSAGE(gantry::claim_layer)
GANTRY_MESSAGE(gantry::layer_claim)
GANTRY_MESSAGE(gantry::keep_documents)
GANTRY_MESSAGE(gantry::hold_blobs)
GANTRY_MESSAGE(gantry::commit_layer)
GANTRY_MESSAGE(gantry::release_lease)
GANTRY_MESSAGE(gantry::prepare_snapshot)
GANTRY_MESSAGE(gantry::prepared_snapshot)
GANTRY_MESSAGE(gantry::remove_snapshot)
GANTRY_MESSAGE(gantry::sweep_content)
GANTRY_MESSAGE(gantry::swept_content)
GANTRY_MESSAGE(gantry::remove_container_folder)
