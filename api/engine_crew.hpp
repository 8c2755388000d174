#pragma once

#include <memory>

#include "actors/engine_supervisor.hpp"
#include "api/engine_defaults.hpp"
#include "store/folders.hpp"
#include "store/meta/database.hpp"
#include "store/root.hpp"

namespace gantry {

/// The store, opened: the lock is held, what a crash left is swept, the records are read.
struct opened_store {
  std::unique_ptr<store::root> root;
  std::shared_ptr<store::database> database;
  store::everything records;
};
/// Blocks on the disk. Errors: as store::root and store::database.
result<opened_store> open_store(const std::string& root);

/// All actors of an engine but the doors'.
struct spawned_engine {
  engine_actor engine;
  std::vector<launcher_actor> launchers;
};
/// Errors: of opening the blob store and the numbers' files.
result<spawned_engine> spawn_engine(caf::actor_system& system, const engine_options& options,
                                    std::shared_ptr<const engine_config> config, opened_store& store);

} // namespace gantry
