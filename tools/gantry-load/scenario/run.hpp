#pragma once

#include "tools/gantry-load/report/report.hpp"

namespace gantry::load {

/// Runs all of it: asks who the engine is, the scenario, the search for what is left; SIGINT and SIGTERM end it
/// orderly (a second one at once). Blocks those signals in the calling thread and those that it makes: to be called
/// from the program's first thread. Errors: unavailable when no engine answers on the socket; exhausted, internal.
result<report> run(const settings& asked);

} // namespace gantry::load
