#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "messages/launcher.hpp"
#include "messages/network.hpp"
#include "runtime/network/bridge.hpp"
#include "runtime/network/host_rules.hpp"
#include "runtime/network/port_table.hpp"

namespace gantry {

/// How many attachments and detachments have a plugin running at once; the rest wait.
inline constexpr std::size_t max_network_operations = 8;

struct network_state {
  network::bridge_network bridge;
  std::vector<launcher_actor> launchers;
  network::port_table ports;
  std::set<key> attached; ///< sandboxes that have, or are getting, an end of the network

  /// The host's rules: made before the first attachment, removed after the last detachment. While that is being done
  /// (`changing`), nothing starts.
  bool prepared = false, changing = false;
  bool touched = false;    ///< some of the rules may be there: from before a crash, or of a preparation that failed
  std::size_t running = 0; ///< at most max_network_operations
  std::deque<std::function<void()>> waiting;
  std::vector<caf::typed_response_promise<done>> draining; ///< answered when nothing runs or waits

  static inline const char* name = "network";
};

/// network (architecture, "Actors"). The plugins run in the monitors' zygotes.
network_actor::behavior_type network_supervisor(network_actor::stateful_pointer<network_state> self,
                                                network::bridge_network bridge, std::vector<launcher_actor> launchers);

namespace network_steps {

using self_pointer = network_actor::stateful_pointer<network_state>;
using outcome_callback = std::function<void(result<void>)>;

/// Runs the calls of a CNI operation one after the other.
void run_sequence(self_pointer self, std::shared_ptr<network::cni_sequence> sequence, std::uint32_t monitor,
                  outcome_callback then);
/// Makes the host's rules, or removes them.
void prepare(self_pointer self, outcome_callback then);
void clean(self_pointer self, std::function<void()> then);

} // namespace network_steps
} // namespace gantry
