#pragma once

#include "messages/images.hpp"

namespace gantry {

/// One more asker waits for this pull and wants to hear of its progress.
struct join_pull {
  std::string pull_id;
};
/// What a puller sends itself ten times a second.
struct report_progress {};
/// Gives up the transfers: nobody waits for this pull any more.
struct cancel_pull {};

/// puller: one image being pulled: resolve, manifest, config, layers, commit; or one whose blobs are here, from its
/// layers on. Ends when it has answered.
using puller_actor =
    caf::typed_actor<replies_to<pull_image>::with<pulled_image>, replies_to<unpack_image>::with<pulled_image>,
                     reacts_to<join_pull>, reacts_to<report_progress>, reacts_to<cancel_pull>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::join_pull)
GANTRY_MESSAGE(gantry::report_progress)
GANTRY_MESSAGE(gantry::cancel_pull)
