#pragma once

#include <map>
#include <optional>

#include "messages/container_supervisor.hpp"
#include "messages/domain/monitor.hpp"

namespace gantry {

/// Who hears of the ends of a container's processes. An init may end before anybody watches it: a new engine asks a
/// monitor what it holds, and what ends after the answer has left must wait for its watcher, or would run for ever in
/// the engine's eyes.
class exit_routes {
public:
  /// Returns the end of init that came before, if one did: it is for this watcher.
  [[nodiscard]] std::optional<monitor::process_exited> watch(const key& container,
                                                             container_supervisor_actor supervisor);
  void unwatch(const key& container);

  /// Null when nobody watches: an init's end is kept then, an exec session's is not (none outlives its engine).
  [[nodiscard]] const container_supervisor_actor* route(const monitor::process_exited& fact);
  /// This life of the container is being deleted: no end of it may reach the next.
  void forget(const key& container) { unclaimed_.erase(container); }

  [[nodiscard]] const std::map<key, container_supervisor_actor>& watchers() const { return watchers_; }

private:
  std::map<key, container_supervisor_actor> watchers_;
  std::map<key, monitor::process_exited> unclaimed_; ///< at most one a container that the monitor holds
};

} // namespace gantry
