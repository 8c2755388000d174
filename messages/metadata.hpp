#pragma once

#include <memory>

#include "messages/caf.hpp"
#include "messages/domain/change.hpp"

namespace gantry {

/// Changes, each whole or not at all, in order. With `synced`, durable through a power cut before the answer: for what
/// promises content (images, layers) and what folders are touched after (their removal).
struct record_changes {
  std::vector<store::change> changes;
  bool synced = false;
};

/// All records as they are now.
struct load_records {};
using all_records = std::shared_ptr<const store::everything>;

/// What metadata sends itself: the transaction that was gathered meanwhile is due.
struct commit_now {};

/// metadata: the database. Many requests become one transaction; each is answered when its transaction is committed.
using metadata_actor = caf::typed_actor<
    // The first failure among the changes: already_exists, not_found, exhausted when the disk is full
    replies_to<record_changes>::with<done>, replies_to<load_records>::with<all_records>, reacts_to<commit_now>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::record_changes)
GANTRY_MESSAGE(gantry::load_records)
GANTRY_MESSAGE(gantry::all_records)
GANTRY_MESSAGE(gantry::commit_now)
