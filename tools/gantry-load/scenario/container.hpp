#pragma once

#include <string>
#include <vector>

#include "tools/gantry-load/scenario/run_state.hpp"

namespace gantry::load {

/// Creates and starts a container that is to stay; its id goes to `made` as soon as it is there. Records the stages
/// create, start, create to start and whole.
task<ending> start_one(run_state& run, const std::string& body, time_point intended, std::vector<std::string>& made);

/// Kills and removes a container. Kill first: engines that give a forced removal a grace period would wait for a
/// process that ignores SIGTERM, as a container's first process does.
task<outcome<void>> kill_and_remove(run_state& run, std::string id);

} // namespace gantry::load
