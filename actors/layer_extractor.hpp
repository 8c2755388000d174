#pragma once

#include <memory>

#include "messages/layer_extractor.hpp"
#include "messages/transfer.hpp"
#include "store/blob/blob_store.hpp"
#include "store/layer/extract.hpp"
#include "store/layout.hpp"

namespace gantry {

struct layer_extractor_state {
  store::layout paths{""};
  std::shared_ptr<const store::blob_store> blobs;
  transfer_actor transfer;
  store::layer_limits limits;

  static inline const char* name = "layer_extractor";
};

/// layer_extractor (architecture, "Actors"): on a thread of its own, where it waits for bytes and for the disk.
layer_extractor_actor::behavior_type
layer_extractor(layer_extractor_actor::stateful_pointer<layer_extractor_state> self, layer_extractor_state start);

} // namespace gantry
