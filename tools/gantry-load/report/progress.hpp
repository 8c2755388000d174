#pragma once

#include "tools/gantry-load/loop/event.hpp"
#include "tools/gantry-load/scenario/run_state.hpp"

namespace gantry::load {

/// Says on stderr how far the run is until `finished`: one line that is rewritten four times a second on a terminal, a
/// line every five seconds elsewhere.
task<> show_progress(const run_state& run, event& finished);

/// "1200 done, 96.3/s, 16 in flight, 0 failed, 0 refused".
std::string progress_text(const measurements& m, double seconds);

} // namespace gantry::load
