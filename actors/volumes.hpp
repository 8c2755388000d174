#pragma once

#include <map>
#include <set>

#include "messages/events.hpp"
#include "messages/metadata.hpp"
#include "messages/snapshot.hpp"
#include "messages/volumes.hpp"
#include "store/layout.hpp"

namespace gantry {

struct volumes_parts {
  store::layout paths{""};
  metadata_actor metadata;
  events_actor events;
  std::function<void(std::string)> reap; ///< deletes a folder in the background
};

struct volumes_state {
  volumes_parts parts;
  std::map<std::pair<std::string, std::string>, volume_record> volumes; ///< (namespace, name)
  std::map<key, std::set<std::string>> used;                            ///< volumes' names, by container

  static inline const char* name = "volumes";
};

/// volumes (architecture, "Actors"): on a thread of its own, since it makes and fills folders.
volumes_actor::behavior_type volumes(volumes_actor::stateful_pointer<volumes_state> self, volumes_parts parts,
                                     std::vector<volume_record> found);

namespace volume_steps {
using self_pointer = volumes_actor::stateful_pointer<volumes_state>;
using name_key = std::pair<std::string, std::string>;

volume_info describe(const volumes_state& state, const volume_record& record);
void create(self_pointer self, const create_volume& request, std::function<void(result<volume_record>)> then);
void erase(self_pointer self, const name_key& which, std::function<void(result<void>)> then);
caf::result<acquired_mounts> acquire(self_pointer self, const acquire_mounts& request);
caf::result<done> release(self_pointer self, const release_mounts& request);
} // namespace volume_steps

} // namespace gantry
