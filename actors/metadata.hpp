#pragma once

#include <vector>

#include "messages/metadata.hpp"
#include "store/meta/database.hpp"

namespace gantry {

struct metadata_state {
  struct request {
    std::size_t first = 0, count = 0; ///< its changes within `changes`
    caf::typed_response_promise<done> promise;
  };
  std::shared_ptr<store::database> database;
  std::vector<store::change> changes; ///< of the transaction that is being gathered
  std::vector<request> requests;
  bool synced = false;

  static inline const char* name = "metadata";
};

/// A transaction takes no more requests than this; the next ones wait for the next.
inline constexpr std::size_t max_group = 512;

/// metadata (architecture, "Actors"): on a thread of its own. What is in the mailbox when a transaction ends makes up
/// the next one (group commit), so that a lone request does not wait and a thousand share one commit.
metadata_actor::behavior_type metadata(metadata_actor::stateful_pointer<metadata_state> self,
                                       std::shared_ptr<store::database> database);

} // namespace gantry
