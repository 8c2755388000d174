#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "messages/admission.hpp"
#include "messages/domain/manifest.hpp"
#include "messages/events.hpp"
#include "messages/layer_extractor.hpp"
#include "messages/metadata.hpp"
#include "messages/puller.hpp"
#include "messages/snapshot.hpp"
#include "messages/transfer.hpp"

namespace gantry {

struct puller_parts {
  admission_actor admission;
  transfer_actor transfer;
  snapshot_actor snapshot;
  metadata_actor metadata;
  images_actor images;
  events_actor events;
  std::vector<layer_extractor_actor> extractors; ///< one for each place of work_kind::extraction
};

struct puller_state {
  puller_parts parts;
  pull_image request;              ///< of an image that is unpacked: what there is of it
  std::vector<reference> names;    ///< that it gets
  std::string event = "pull";      ///< what it is told as
  digest parent;                   ///< of an image that is unpacked
  std::set<std::string> listeners; ///< pull_ids that hear of the progress
  caf::typed_response_promise<pulled_image> promise;
  bool ended = false;

  fetched_document top, manifest_document, config_document; ///< `top` is what the name resolves to
  manifest parsed;
  image_config config;

  struct layer {
    descriptor blob;
    digest diff_id, chain_id;
    layer_progress::step step = layer_progress::step::waiting;
    std::uint64_t folder = 0, bytes = 0;
    bool needs_parents = false, done = false;
  };
  std::vector<layer> layers;          ///< base first
  int open = 0;                       ///< layers that are being seen to
  std::vector<std::size_t> elsewhere; ///< layers whose blob alone another pull is fetching; each is `open`
  std::optional<error> failure;
  std::map<std::size_t, std::pair<layer_progress::step, std::uint64_t>> reported;

  static inline const char* name = "puller";
};

/// puller (architecture, "Actors"). Ends itself when it has answered.
puller_actor::behavior_type puller(puller_actor::stateful_pointer<puller_state> self, puller_parts parts);

namespace pulling {

using self_pointer = puller_actor::stateful_pointer<puller_state>;

void resolve(self_pointer self);              ///< name to manifest and config, then lay_out
void lay_out(self_pointer self);              ///< of the documents, then fetch_layers
void fetch_layers(self_pointer self);         ///< those that need no parents side by side, then the others
void look_again(self_pointer self);           ///< whether what was fetched elsewhere is there
void commit(self_pointer self);               ///< documents, record, name
void fail_with(self_pointer self, error why); ///< answers, releases all, ends
void finish(self_pointer self, pulled_image done);
void report(self_pointer self); ///< progress events for what has changed

} // namespace pulling
} // namespace gantry
