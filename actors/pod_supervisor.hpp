#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/engine_parts.hpp"
#include "messages/pod_supervisor.hpp"

namespace gantry {

struct pod_supervisor_state {
  std::shared_ptr<const engine_parts> parts;
  pods_actor pods; ///< hears of each change
  pod_record record;
  /// What its containers are started in. A container's own pid namespace is not in it.
  sandbox_namespaces namespaces;

  /// One of its containers, from the moment that it is asked for until nothing is left of it.
  struct member {
    container_supervisor_actor container;
    std::string name; ///< with the attempt: what a retry is known by
    std::uint32_t attempt = 0;
    bool made = false;
    std::shared_ptr<std::vector<caf::typed_response_promise<created>>> waiting; ///< all who asked for it
  };
  std::map<key, member> members;
  std::vector<std::function<void()>> when_created; ///< a removal that waits for the creations under way

  /// While `busy` (being made, stopped or removed), whoever wants the like waits. `gone`: nothing is left of the pod,
  /// and whoever waited for its end is answered.
  bool busy = false, gone = false;
  std::vector<std::function<void()>> waiting;

  pod_supervisor_state() = default;
  pod_supervisor_state(const pod_supervisor_state&) = delete;
  pod_supervisor_state& operator=(const pod_supervisor_state&) = delete;
  /// Its containers' supervisors end with it: a new one makes them anew.
  ~pod_supervisor_state();

  static inline const char* name = "pod_supervisor";
};

/// pod_supervisor (architecture, "Actors", sandbox_supervisor). Ends itself once its pod is removed or could not be
/// made.
pod_supervisor_actor::behavior_type pod_supervisor(pod_supervisor_actor::stateful_pointer<pod_supervisor_state> self,
                                                   std::shared_ptr<const engine_parts> parts, pods_actor pods);

/// The steps of a pod's life, one a file.
namespace pod {

using self_pointer = pod_supervisor_actor::stateful_pointer<pod_supervisor_state>;
using outcome = std::function<void(result<void>)>;

caf::result<pod_running> make(self_pointer self, const create_pod& request);
caf::result<done> recover(self_pointer self, const recover_pod& found);
caf::result<done> stop(self_pointer self);
caf::result<done> remove(self_pointer self);
caf::result<done> update(self_pointer self, const resource_limits& limits);
void lose_namespaces(self_pointer self);

// -- its containers ---------------------------------------------------------------------------------------------------

caf::result<created> create_member(self_pointer self, create_pod_container request);
caf::result<done> start_member(self_pointer self, const start_container& request);
/// Puts a container found again under supervision; `then` when it is.
void recover_member(self_pointer self, const recover_container& found, std::function<void()> then);
/// A container's supervisor has ended: by itself, or by a failure of ours.
void handle_down(self_pointer self, const caf::down_msg& down);

// -- shared by the steps ----------------------------------------------------------------------------------------------

const launcher_actor& launcher_of(self_pointer self);
/// Does `action` when nothing else makes or unmakes the pod; it must call settle at its end.
void in_turn(self_pointer self, std::function<void()> action);
void settle(self_pointer self);
/// Containers started from now on are in these.
void take_namespaces(self_pointer self, const monitor::pod_namespaces& got);
/// The record's primary address becomes that of the containers started from now on.
void take_address(self_pointer self);
/// Shows the record to all.
void show(self_pointer self);
/// Writes the record and shows it.
void record(self_pointer self, outcome then);
/// Undoes the network, then the namespaces: they stay while the former fails, so that it can be tried again.
void unmake(self_pointer self, outcome then);
/// Erases the record and the cgroup, and tells so. The actor ends when it has settled.
void forget(self_pointer self, outcome then);

} // namespace pod
} // namespace gantry
