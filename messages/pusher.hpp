#pragma once

#include <map>

#include "messages/images.hpp"
#include "messages/puller.hpp"

namespace gantry {

/// An image and where its registry may have parts of it already.
struct run_push {
  push_image request;
  found_image what;
  std::map<digest, std::vector<std::string>> elsewhere; ///< layers, and repositories of the same registry with them
};

/// pusher: one image being pushed: layers and config side by side, then the manifest. Ends when it has answered.
using pusher_actor =
    caf::typed_actor<replies_to<run_push>::with<pushed_image>, reacts_to<report_progress>, reacts_to<cancel_pull>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::run_push)
