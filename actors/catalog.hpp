#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "messages/pod_boards.hpp"

namespace gantry {

struct catalog_state {
  std::shared_ptr<pod_boards> boards;
  struct entry {
    std::string display_name;
    container_supervisor_actor container;
    sandbox_supervisor_actor sandbox;
    container_view view; ///< empty while it is being created: not listed
    std::vector<network_endpoint> endpoints;
  };
  /// Ordered, so that the ids with one prefix stand together. Invariant: `names` has exactly one entry for each.
  std::map<key, entry> containers;
  std::map<std::pair<std::string, std::string>, key> names; ///< (namespace, display name)
  struct exec {
    key container;
    bool ended = false;
  };
  std::unordered_map<std::string, exec> execs;       ///< by id
  std::map<std::string, container_table_ptr> tables; ///< by namespace, made when first asked for after a change

  std::map<phase, std::uint64_t> by_phase; ///< of the entries with a view
  std::uint64_t created = 0, not_created = 0, removed = 0;

  static inline const char* name = "catalog";
};

/// catalog (architecture, "Actors").
catalog_actor::behavior_type catalog(catalog_actor::stateful_pointer<catalog_state> self,
                                     std::shared_ptr<pod_boards> boards);

} // namespace gantry
