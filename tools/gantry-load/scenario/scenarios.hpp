#pragma once

#include <functional>
#include <vector>

#include "tools/gantry-load/scenario/run_state.hpp"

namespace gantry::load {

/// Containers that come and go.
task<> run_churn(run_state& run);

/// What hold does at its two still moments; both may block.
struct hold_moments {
  std::function<void()> before = [] {}; ///< nothing runs yet
  std::function<void()> held = [] {};   ///< all run, near the end of the holding
};

/// Containers that stay for a while. Interrupted, it goes on to their removal.
task<> run_hold(run_state& run, hold_moments moments);

/// Execs in containers that stay.
task<> run_exec(run_state& run);

/// Removes the containers with the run's label that are still there, and returns their ids. Fails when the list could
/// not be had; that one could not be removed shows when it is asked again.
task<outcome<std::vector<std::string>>> remove_leftovers(run_state& run);

} // namespace gantry::load
