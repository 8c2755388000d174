#pragma once

#include <functional>

#include "tools/gantry-load/scenario/run_state.hpp"

namespace gantry::load {

/// One unit of work, from its intended moment on.
using unit = std::function<task<ending>(time_point intended)>;

/// How units come.
struct pace {
  std::uint64_t count = 0; ///< 0: no bound
  unsigned in_flight = 1;  ///< closed loop
  bool open = false;       ///< by the settings' rate, seed and max_in_flight
};

/// Runs units until `count` have begun or the run is over, then waits for those that have. Counts them in
/// run.measured.
task<> drive(run_state& run, pace how, unit one);

/// Runs `one(n)` for each n below `count`, `in_flight` at a time, interrupted or not. Nothing is counted.
task<> for_each_number(run_state& run, std::size_t count, unsigned in_flight, std::function<task<>(std::size_t)> one);

} // namespace gantry::load
