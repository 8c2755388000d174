#pragma once

#include "messages/caf.hpp"
#include "messages/images.hpp"

namespace gantry {

/// Fetches and expands one layer while its bytes arrive, verifies both digests and commits the folder.
struct extract_layer {
  descriptor blob;
  reference from;
  registry_login login;
  std::string group; ///< the pull's id
  digest diff_id;
  std::uint64_t folder = 0; ///< the number it gets; 0: the layer is there, and only its blob is fetched and verified
  /// The folders of the layers below, topmost first. While they are not known, a layer that needs them is answered with
  /// needs_parents and makes no folder.
  std::vector<std::uint64_t> parents;
  bool parents_known = false;
};
struct layer_extracted {
  std::uint64_t folder = 0;
  std::uint64_t bytes = 0;    ///< expanded
  bool needs_parents = false; ///< nothing was made
  bool used_parents = false;  ///< the folder fits these parents alone
};

/// layer_extractor: one layer at a time, on a thread of its own: bytes in, a durable layer folder out.
using layer_extractor_actor = caf::typed_actor<
    // corrupt (digest, size, tar), exhausted (limits, disk); nothing is left of a layer that failed
    replies_to<extract_layer>::with<layer_extracted>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::extract_layer)
GANTRY_MESSAGE(gantry::layer_extracted)
