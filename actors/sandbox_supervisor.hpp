#pragma once

#include <functional>
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
  container_view view; ///< of its container, where its networks need to know more than the options (wants_view)
  /// Invariant: `ready` only when the namespaces are made and the networks are attached; while `busy` (making,
  /// unmaking, or changing networks), requests wait in `waiting`.
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

namespace sandbox {

using self_pointer = sandbox_supervisor_actor::stateful_pointer<sandbox_supervisor_state>;
using outcome_callback = std::function<void(result<void>)>;

// -- networks (sandbox_networks.cpp); each is called while `busy`, and calls back once -------------------------------

/// Whether it has a network namespace that the engine makes. Of "none", that is the launcher's to make: nothing is
/// attached to it, so nobody else needs it.
bool owns_network(const sandbox_record& record);
/// Attaches all networks to the namespace, which is there. After a failure, `detach_all` undoes what was done.
void attach_all(self_pointer self, outcome_callback then);
/// What cannot be detached stays on record as attached: the next start of the engine tries again.
void detach_all(self_pointer self, std::function<void()> then);
void connect(self_pointer self, const endpoint_options& how, outcome_callback then);
void disconnect(self_pointer self, const std::string& network, outcome_callback then);
/// What it is found by from now on. Needs no `busy`.
void rename(self_pointer self, const std::string& display_name);
/// A container that runs asks another for names now that its networks are others: its resolv.conf follows, unless
/// somebody has changed it (sandbox_resolver.cpp).
void update_resolver(self_pointer self, const std::vector<network_endpoint>& before);
/// At the engine's start: the lists are told its networks and, when its container runs, the network actor what it has.
void tell_recovered(self_pointer self);

// -- IPC (sandbox_ipc.cpp) --------------------------------------------------------------------------------------------

/// Whether others may join its IPC namespace.
bool shares_ipc(const sandbox_supervisor_state& state);
/// Of a shareable one, the namespace and its /dev/shm; nothing of others.
void make_ipc(self_pointer self, outcome_callback then);
/// Idempotent; what the monitor cannot drop ends with the monitor.
void drop_ipc(self_pointer self, std::function<void()> then);
/// That of another container, which runs. Errors: invalid_argument when it is not shareable.
void join_ipc(self_pointer self, const container_record& donor, outcome_callback then);

} // namespace sandbox
} // namespace gantry
