#pragma once

#include <string>

#include "messages/domain/image_change.hpp"

namespace gantry::store {

/// An image's config that is made of another one's, or of nothing.
struct config_change {
  std::string base; ///< the document of the image below; empty: none
  platform target;  ///< without a base
  image_changes changes;
  std::string created, author, comment, created_by; ///< created: RFC 3339
  digest diff_id;                                   ///< of the layer that is added; empty: none
};

/// The document. What the base says beyond what Gantry knows is kept. Pure. Errors: corrupt for a base that is no JSON
/// object.
result<std::string> make_config(const config_change& how);

} // namespace gantry::store
