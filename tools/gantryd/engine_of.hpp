#pragma once

#include "api/engine.hpp"
#include "tools/gantryd/settings.hpp"

namespace gantry::daemon {

/// What an engine is started with, of all that a daemon was told.
engine_options engine_of(const settings& all);

} // namespace gantry::daemon
