#pragma once

#include "messages/images.hpp"

namespace gantry {

/// Gives up the transfers: nobody waits for this pull any more.
struct cancel_pull {};

/// puller: one image being pulled: resolve, manifest, config, layers, commit. Ends when it has answered.
using puller_actor = caf::typed_actor<
  replies_to<pull_image>::with<pulled_image>,
  reacts_to<cancel_pull>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::cancel_pull)
