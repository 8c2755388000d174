#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/gantry-load/engine/engine_api.hpp"
#include "tools/gantry-load/line/settings.hpp"
#include "tools/gantry-load/measure/measurements.hpp"
#include "tools/gantry-load/watch/usage.hpp"

namespace gantry::load {

/// What hold found in the engine's processes.
struct hold_memory {
  usage_sample before, held;
  std::uint64_t containers = 0;
};

/// All that a run has to say.
struct report {
  settings asked;
  std::string run_id;
  engine_identity engine;
  measurements measured;
  double seconds = 0;                   ///< from the first unit's beginning to the last one's end
  std::optional<double> settle_seconds; ///< with --settle: from the scenario's end until the folders were as before
  bool interrupted = false;
  std::optional<usage> used; ///< nothing with --no-watch
  std::optional<hold_memory> memory;
  double own_cpu_ms = 0; ///< of this program
  std::size_t connections = 0;
  std::vector<std::string> leaked; ///< containers that the run should not have left; they were removed, but for …
  std::vector<std::string> left;   ///< … these
  /// Whether it could be asked what is left.
  bool leaks_known = true;

  /// Whether all is well: exit status 0.
  [[nodiscard]] bool fine() const;
};

/// For people.
std::string render_table(const report& what);
/// Everything, as one JSON document; durations in milliseconds, sizes as their names say.
std::string render_json(const report& what);
/// A line a stage: scenario,stage,count,min_ms,p50_ms,p90_ms,p99_ms,p999_ms,max_ms,mean_ms.
std::string render_csv(const report& what);

/// The name of a scenario on the command line.
std::string_view name_of(scenario what);

} // namespace gantry::load
