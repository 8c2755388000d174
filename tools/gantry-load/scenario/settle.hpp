#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/gantry-load/scenario/run_state.hpp"

namespace gantry::load {

/// How many folders were in each of some folders at a moment. What an engine does after its last answer (deleting
/// writable layers, removing cgroups) is seen by it. Those named "idle-…" are a stock that an engine keeps for its next
/// containers, and not counted. For one thread.
class folder_counts {
public:
  /// Counts at once. A folder that is not there holds none.
  explicit folder_counts(std::vector<std::string> folders);

  /// In a sentence, the first folder that holds more now; nothing when none does. Blocks while it reads.
  [[nodiscard]] std::optional<std::string> grown() const;

private:
  std::vector<std::string> folders_;
  std::vector<std::size_t> counts_;
};

/// Waits until no folder holds more than `before`: the seconds that took. Nothing when the run was interrupted, or when
/// --timeout passed first, which is a failure of the run.
task<std::optional<double>> settle(run_state& run, const folder_counts& before);

} // namespace gantry::load
