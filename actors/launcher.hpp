#pragma once

#include <memory>
#include <vector>

#include "actors/exit_routes.hpp"
#include "actors/launch_tally.hpp"
#include "actors/open_requests.hpp"
#include "messages/launcher.hpp"
#include "runtime/monitor/client/monitor_client.hpp"

namespace gantry {

struct launcher_state {
  monitor::location where;
  std::unique_ptr<monitor::client> connection;
  open_requests open;
  bool clock_runs = false; ///< look_for_overdue is on its way
  exit_routes exits;
  launch_tally counts;
  std::vector<monitor_watcher_actor> monitor_watchers;
  bool ending = false; ///< the monitor was asked to end: its going is no death

  static inline const char* name = "launcher";
};

/// launcher (architecture, "Actors"). On a thread of its own: it waits when a monitor has to be started.
launcher_actor::behavior_type launcher(launcher_actor::stateful_pointer<launcher_state> self, monitor::location where);

/// Connects to the monitor at `where`, starting it when nobody listens; its facts go to `to`. Blocks for up to 5 s.
result<std::unique_ptr<monitor::client>> connect_monitor(const monitor::location& where, const launcher_actor& to);

} // namespace gantry
