#pragma once

#include <map>
#include <memory>

#include "messages/admission.hpp"
#include "messages/events.hpp"
#include "messages/pusher.hpp"
#include "messages/snapshot.hpp"
#include "messages/transfer.hpp"
#include "store/blob/blob_store.hpp"

namespace gantry {

struct pusher_parts {
  admission_actor admission;
  transfer_actor transfer;
  snapshot_actor snapshot;
  events_actor events;
};

struct pusher_state {
  pusher_parts parts;
  run_push work;
  caf::typed_response_promise<pushed_image> promise;
  bool ended = false;

  struct blob {
    descriptor what;
    layer_progress::step step = layer_progress::step::waiting;
    std::uint64_t sent = 0;
  };
  std::vector<blob> blobs; ///< layers, each once, base first; then the config
  std::size_t open = 0;    ///< blobs on their way
  std::optional<error> failure;
  std::map<digest, std::pair<layer_progress::step, std::uint64_t>> reported;

  static inline const char* name = "pusher";
};

/// pusher (architecture, "Actors"): ends itself when it has answered.
pusher_actor::behavior_type pusher(pusher_actor::stateful_pointer<pusher_state> self, pusher_parts parts);

} // namespace gantry
