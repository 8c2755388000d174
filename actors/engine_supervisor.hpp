#pragma once

#include <chrono>
#include <map>
#include <optional>

#include "actors/engine_parts.hpp"
#include "actors/snapshot.hpp"
#include "messages/archives.hpp"
#include "messages/engine.hpp"
#include "messages/layer_extractor.hpp"
#include "messages/links.hpp"
#include "messages/name_server.hpp"
#include "messages/transfer.hpp"
#include "messages/writable_usage.hpp"

namespace gantry {

/// The actors that only the engine itself talks to.
struct engine_crew {
  pods_actor pods;
  files_actor files;
  writable_usage_actor writable_usage;
  transfer_actor transfer;
  archives_actor archives;
  reaper_actor reaper;
  name_server_actor names;
  links_actor links;
  std::vector<layer_extractor_actor> extractors;
};

struct engine_supervisor_state {
  std::shared_ptr<const engine_parts> parts;
  engine_crew crew;
  /// Whose end is of interest: an end that nobody asked for has the container's actors made anew.
  struct pair {
    key name;
    container_supervisor_actor container;
    sandbox_supervisor_actor sandbox;
    std::optional<std::chrono::steady_clock::time_point> created_at{}; ///< until it is told forget_document
  };
  std::map<caf::actor_addr, pair> supervised; ///< by the container supervisor's address
  bool clock_runs = false;                    ///< a forget_documents is on its way: one for all
  bool stopping = false;

  static inline const char* name = "engine";
};

/// engine (architecture, "Actors"): the tree of all actors.
engine_actor::behavior_type engine_supervisor(engine_actor::stateful_pointer<engine_supervisor_state> self,
                                              std::shared_ptr<const engine_parts> parts, engine_crew crew);

namespace engine_steps {

using self_pointer = engine_actor::stateful_pointer<engine_supervisor_state>;
using actor_pair = engine_supervisor_state::pair;

/// A sandbox and a container supervisor, watched by the engine.
actor_pair spawn_pair(self_pointer self, const key& name);
caf::result<done> recover(self_pointer self, const recover_engine& found);
/// Makes a container's actors anew, on its last record and what its monitor says.
void revive(self_pointer self, const key& name);
caf::result<explained_spec> explain(self_pointer self, const explain_spec& request);
engine_info describe(const engine_config& config);
caf::result<done> stop(self_pointer self);

} // namespace engine_steps
} // namespace gantry
