#pragma once

#include "messages/caf.hpp"
#include "messages/domain/change.hpp"

namespace gantry {

/// metadata: the database. Many requests become one transaction; each is answered when its transaction is committed.
using metadata_actor = caf::typed_actor<
  // already_exists for a name that is taken; exhausted when the disk is full
  replies_to<record_change>::with<done>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::record_change)
