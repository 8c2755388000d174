#pragma once

#include "messages/links.hpp"

namespace gantry {

/// links: detached.
links_actor::behavior_type links(links_actor::pointer self);

} // namespace gantry
