#pragma once

#include <functional>
#include <map>
#include <memory>
#include <unordered_map>

#include "messages/transfer.hpp"
#include "store/blob/blob_store.hpp"
#include "store/registry/registry_client.hpp"

namespace gantry {

struct transfer_state {
  std::unique_ptr<store::registry_client> client;
  std::shared_ptr<const store::blob_store> blobs; ///< what is sent is read from there
  std::unordered_map<std::uint64_t, caf::typed_response_promise<fetched_document>> documents;
  std::unordered_map<std::uint64_t, caf::typed_response_promise<sent_blob>> uploads;
  std::unordered_map<std::uint64_t, caf::typed_response_promise<done>> manifests;
  /// The transfers of one pull; gone when the pull says so (cancel_group).
  struct group {
    std::uint64_t number = 0; ///< as the client knows it
    std::set<store::transfer_id> transfers;
    std::map<digest, std::uint64_t> bytes;
  };
  std::map<std::string, group> groups;
  std::uint64_t next_request = 1, next_group = 1;
  std::uint64_t layer_bytes = 0;  ///< downloaded
  std::uint64_t pushed_bytes = 0; ///< of layers and configs

  static inline const char* name = "transfer";
};

/// transfer (architecture, "Actors"): what is asked of the one registry client, and who waits for its answers.
transfer_actor::behavior_type transfer(transfer_actor::stateful_pointer<transfer_state> self,
                                       store::client_options options, std::shared_ptr<const store::blob_store> blobs);

} // namespace gantry
