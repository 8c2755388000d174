#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "messages/events.hpp"
#include "messages/launcher.hpp"
#include "messages/links.hpp"
#include "messages/metadata.hpp"
#include "messages/name_server.hpp"
#include "messages/network.hpp"
#include "runtime/network/address_pool.hpp"
#include "runtime/network/bridge.hpp"
#include "runtime/network/host_rules.hpp"
#include "runtime/network/port_table.hpp"

namespace gantry {

/// How many attachments and detachments have a plugin running at once; the rest wait.
inline constexpr std::size_t max_network_operations = 8;
/// How long the host's rules of a network stay when its last sandbox has left: to make and remove them costs a tenth of
/// a second, which a host where containers come one after the other would pay for each.
inline constexpr std::chrono::seconds rules_linger{5};
/// User-defined networks of an engine: the default pools have fewer subnets.
inline constexpr std::size_t max_networks = 1024;

struct network_parts {
  network::bridge_network bridge; ///< the engine's own
  network::subnet unique_local;   ///< where the IPv6 subnets of networks come from that name none
  std::vector<launcher_actor> launchers;
  metadata_actor metadata;
  events_actor events;
  name_server_actor names;
  links_actor links;
};

struct network_state {
  struct one {
    network::bridge_network bridge;
    std::optional<network_definition> definition; ///< of a user's; the engine's own has no record
    std::vector<network::address_pool> addresses; ///< one a subnet
    std::map<key, named_endpoint> attached; ///< sandboxes that have, or are getting, an end of it; no address: not yet
    std::size_t operations = 0;             ///< that run or wait
    /// The host's rules: made before the first attachment, removed rules_linger after the last detachment.
    bool prepared = false;
    caf::actor_clock::time_point idle_since{}; ///< meaningful while nobody is on it
    bool touched = false; ///< some of the rules may be there: from before a crash, or of a preparation that failed
    bool leaving = false; ///< its record is being erased
    std::vector<std::function<void()>> when_quiet{}; ///< removals that wait for its operations to be over
  };

  network_parts parts;
  std::map<std::string, one> networks; ///< by id; the engine's own by its name
  network::port_table ports;

  /// Host ports of ends that are being detached, and attachments that want one of those: they go on as each has left.
  std::vector<port_binding> leaving_ports;
  std::vector<std::function<void()>> when_left;

  bool changing = false;            ///< rules are being made or removed: nothing starts
  bool reminded = false;            ///< tidy_networks is on its way
  bool ending = false;              ///< the engine is: rules linger no more
  std::deque<std::string> cleaning; ///< networks whose rules can go; nothing starts before
  std::size_t running = 0;          ///< at most max_network_operations
  std::deque<std::function<void()>> waiting;
  std::vector<caf::typed_response_promise<done>> draining; ///< answered when nothing runs or waits

  static inline const char* name = "network";
};

/// network (architecture, "Actors"). Programs run in the monitors' zygotes. `found`: the users' networks on record.
network_actor::behavior_type network_supervisor(network_actor::stateful_pointer<network_state> self,
                                                network_parts parts, const std::vector<network_definition>& found);

namespace network_steps {

using self_pointer = network_actor::stateful_pointer<network_state>;
using outcome_callback = std::function<void(result<void>)>;

/// Null for one that is not there, or is leaving.
network_state::one* find(network_state& state, const std::string& id);

// -- turns (network_turns.cpp) ----------------------------------------------------------------------------------------

/// Runs `operation` when it is its turn. It says operation_ended once, with the same network.
void in_turn(self_pointer self, const std::string& network, std::function<void()> operation);
void operation_ended(self_pointer self, const std::string& network);
/// Within an operation: goes on when the network's rules are there.
void when_prepared(self_pointer self, const std::string& network, outcome_callback operation);
/// The rules of all networks that nobody is on go now.
void clean_idle(self_pointer self);
/// Of one network, before what waits. False: it is in use, or has none.
bool clean_if_idle(network_state& state, const std::string& id);
/// The rules of those that nobody has been on for rules_linger go.
void tidy(self_pointer self);
caf::result<done> drain(self_pointer self);

// -- ends of networks (network_ends.cpp) ------------------------------------------------------------------------------

caf::result<network_endpoint> attach(self_pointer self, const attach_network& request);
caf::result<done> detach(self_pointer self, const detach_network& request);
void rename(self_pointer self, const rename_endpoint& fact);
/// What the containers of a network are found by is told to the name server. The engine's own network has no names.
void publish(self_pointer self, const std::string& network, outcome_callback then);

/// What a sandbox is found by, without its addresses.
named_endpoint named(const network_state::one& network, const attach_network& request);

// -- at the engine's start (network_recover.cpp) ----------------------------------------------------------------------

void recover(self_pointer self, const recover_endpoint& found);
/// All that run have been told: what is left of others goes.
void recovered(self_pointer self);

// -- the way out (network_route.cpp) ----------------------------------------------------------------------------------

caf::result<network_endpoint> move_route(self_pointer self, const move_default_route& request);
network::attachment end_of(const key& sandbox, const network_endpoint& end, const std::string& namespace_path);
/// Those that an end has.
std::vector<std::string> addresses_of(const network_endpoint& end);
/// Who has an end's ports: each end of a sandbox by itself.
key port_owner(const key& sandbox, const std::string& network);
/// Takes the ports that are published on this end. Errors: as port_table::reserve.
result<std::vector<port_binding>> reserve_ports(network_state& state, const attach_network& request);

// -- networks themselves (network_records.cpp) ------------------------------------------------------------------------

network_state::one made_of(const network_definition& definition, const network::bridge_network& beside);
caf::result<network_info> create(self_pointer self, const create_network& request);
result<network_info> look_up(const network_state& state, const find_network& request);
network_list list(const network_state& state, const std::string& ns);
caf::result<done> remove(self_pointer self, const remove_network& request);

// -- the host (network_plugins.cpp) -----------------------------------------------------------------------------------

/// Publishes the end's ports or undoes it; nothing without ports.
void publish_ports(self_pointer self, const network::bridge_network& bridge, const network::attachment& end,
                   std::uint32_t monitor, outcome_callback then);
void withdraw_ports(self_pointer self, const network::bridge_network& bridge, const network::attachment& end,
                    std::uint32_t monitor, outcome_callback then);
/// Removes the end's link; nothing where its namespace has gone.
void disconnect(self_pointer self, const network::attachment& end, outcome_callback then);
/// Runs one program; that it fails is an error.
void run_program(self_pointer self, std::uint32_t monitor, monitor::run_process request, outcome_callback then);
/// The rules that portmap and the networks have in nat; ip6tables is run only where a network has IPv6.
void list_rules(self_pointer self, bool ipv6, std::function<void(result<network::nat_rules>)> then);
/// Makes the host's rules, or removes them.
void prepare(self_pointer self, const network::bridge_network& bridge, outcome_callback then);
void clean(self_pointer self, const network::bridge_network& bridge, std::function<void()> then);

} // namespace network_steps
} // namespace gantry
