#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/domain/container.hpp"
#include "runtime/monitor/protocol/messages.hpp"
#include "runtime/network/cni/failure.hpp"

/// Networks by CNI's plugins (containernetworking/cni SPEC.md 1.0.0): which programs to run, with what, and what their
/// answers mean. Nothing here runs anything: the requests go to a monitor's zygote, the engine never forks.
namespace gantry::network {

/// Who gives out a network's addresses.
enum class addressing : std::uint8_t {
  host_local, ///< the plugin of that name, which keeps leases in files
  ours,       ///< the engine: each address is in a sandbox's record (address_pool)
};

/// One bridge on the host, with a subnet of its own. Copy it freely.
struct bridge_network {
  std::string name = "bridge";     ///< as the user knows it
  std::string cni_name = "gantry"; ///< in CNI's documents, lease folders and iptables comments; one an engine
  std::string bridge = "gantry0";  ///< the link, at most 15 characters
  std::string subnet = "172.29.0.0/16";
  std::string gateway = "172.29.0.1"; ///< the bridge's own address
  int mtu = 0;                        ///< 0: the kernel's 1500
  std::string data_dir;               ///< host-local's leases: <root>/network/ipam
  std::string plugin_dir = "/usr/lib/cni";
  addressing addresses = addressing::host_local;
  bool internal = false;    ///< nothing leaves it or comes in
  bool masquerade = true;   ///< what leaves has the host's address
  std::string apart_from{}; ///< another bridge, whose containers do not reach this one's, nor these those
};

/// Errors: invalid_argument for a subnet that is not IPv4, a gateway outside of it, a name too long.
result<void> check(const bridge_network& network);

/// A sandbox's end of the network.
struct attachment {
  std::string id;             ///< CNI_CONTAINERID: the sandbox's id
  std::string namespace_path; ///< CNI_NETNS; empty for a removal after the namespace has gone
  std::string interface = "eth0";
  std::vector<port_binding> ports; ///< host ports resolved (port_table)
  std::string mac;                 ///< empty: the kernel's
  std::string address{};           ///< addressing::ours
  bool default_route = true;       ///< it is the sandbox's way out
};

enum class verb : std::uint8_t { add, check, del };

/// The calls of one operation, in order: the network's plugins forwards to add, backwards to remove; a check asks the
/// bridge plugin alone. Use:
///     while (auto request = sequence.next()) { …run it…; GANTRY_TRY(sequence.feed(reply)); }
/// A failed add stops; run a del then, which undoes what was done. A del goes on whatever fails and reports the first
/// failure at the end; it is idempotent, also when the namespace or the whole container is gone.
class cni_sequence {
public:
  /// `previous`: for check and del, the result of the add (empty when it is not known; del works without).
  cni_sequence(bridge_network network, attachment end, verb what, std::string previous = {});

  /// Publishes the ports of an end that is there already.
  static cni_sequence publish(bridge_network network, attachment end, const network_endpoint& there);

  /// The next program to run; nothing when the sequence is through.
  [[nodiscard]] std::optional<monitor::run_process> next();

  /// What that program answered. Errors: of an add or check, in CNI's own words (`cni_failure`).
  result<void> feed(const monitor::process_result& reply);

  /// Of a del: the first failure.
  [[nodiscard]] result<void> outcome() const { return outcome_; }

  /// Of an add: the last plugin's result, JSON; to be kept for check and del.
  [[nodiscard]] const std::string& added() const { return previous_; }

private:
  bridge_network network_;
  attachment end_;
  verb what_;
  std::string previous_;
  std::vector<std::string> plugins_;
  std::size_t at_ = 0;
  result<void> outcome_;
};

/// A plugin's configuration as it is passed on stdin, JSON. `plugin`: bridge or portmap.
std::string plugin_conf(const bridge_network& network, const attachment& end, std::string_view plugin,
                        std::string_view previous);

/// The address that an add's result gave. Errors: corrupt.
result<network_endpoint> endpoint_of(std::string_view result_json, const bridge_network& network,
                                     const attachment& end);

/// An address that host-local has given out: <data_dir>/<cni_name>/<address> holds the id and the interface.
struct lease {
  std::string address, id, interface;
};

/// All leases of the network, at most 65,536: what recovery compares with the records. Blocks on a folder of small
/// files.
std::vector<lease> list_leases(const bridge_network& network);

} // namespace gantry::network
