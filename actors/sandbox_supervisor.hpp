#pragma once

#include <string>
#include <vector>

#include "actors/engine_parts.hpp"
#include "messages/sandbox_supervisor.hpp"

namespace gantry {

struct sandbox_supervisor_state {
  std::shared_ptr<const engine_parts> parts;
  sandbox_record record;
  container_options options; ///< of its one container: which namespaces it joins
  container_supervisor_actor container;
  sandbox_namespaces namespaces;
  /// Invariant: `ready` only when the namespaces are made and the network is attached; while `busy` (making or
  /// unmaking), requests wait in `waiting`.
  bool ready = false, busy = false;
  bool recovered = false; ///< namespaces were found by init's pid: they do not serve a second life
  std::vector<std::function<void()>> waiting;
  std::uint64_t generation = 0; ///< of restart reminders: a stop in between makes one void

  static inline const char* name = "sandbox_supervisor";
};

/// sandbox_supervisor (architecture, "Actors"). Ends itself after remove_sandbox.
sandbox_supervisor_actor::behavior_type
sandbox_supervisor(sandbox_supervisor_actor::stateful_pointer<sandbox_supervisor_state> self,
                   std::shared_ptr<const engine_parts> parts);

} // namespace gantry
