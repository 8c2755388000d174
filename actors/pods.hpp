#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/engine_parts.hpp"
#include "messages/pod_supervisor.hpp"

namespace gantry {

struct pods_state {
  std::shared_ptr<const engine_parts> parts;
  struct entry {
    pod_supervisor_actor supervisor;
    pod_view view;
    /// All who wait for it to be made; none once that has ended. Outlives the entry of one that could not be made.
    std::shared_ptr<std::vector<caf::typed_response_promise<pod_running>>> waiting;
  };
  std::map<key, entry> pods;
  std::map<std::pair<std::string, pod_metadata>, key> by_metadata; ///< by namespace and metadata: of each of `pods`
  std::optional<pod_users> users;                                  ///< once the runtimes have been asked
  std::vector<caf::typed_response_promise<pod_users>> asking;      ///< all who wait for that
  std::map<std::string, pod_table_ptr> tables;                     ///< by namespace; missing: to be made anew

  pods_state() = default;
  pods_state(const pods_state&) = delete;
  pods_state& operator=(const pods_state&) = delete;
  /// The pods' supervisors end with it; pods themselves go on with their monitors.
  ~pods_state();

  static inline const char* name = "pods";
};

/// pods (messages/pods.hpp): the parent of every pod's supervisor.
pods_actor::behavior_type pods(pods_actor::stateful_pointer<pods_state> self,
                               std::shared_ptr<const engine_parts> parts);

namespace pods_steps {

using self_pointer = pods_actor::stateful_pointer<pods_state>;

/// A supervisor for this pod, watched, in the table.
pods_state::entry& add(self_pointer self, const pod_record& record);
caf::result<done> recover(self_pointer self, const recover_pods& found);
/// Which runtimes run pods with users of their own: the host is looked at and each runtime asked when this is first
/// wanted.
caf::result<pod_users> find_users(self_pointer self);
/// Makes a pod's supervisor anew after a failure of ours, on its last record and what its monitor says.
void revive(self_pointer self, const key& name);

} // namespace pods_steps
} // namespace gantry
