#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "messages/domain/container.hpp"
#include "runtime/monitor/protocol/messages.hpp"
#include "runtime/network/cni/config.hpp"

namespace gantry::network::cni {

struct bandwidth_limit {
  std::int64_t ingress_rate = 0, ingress_burst = 0, egress_rate = 0, egress_burst = 0; ///< bits (a second); 0: none
};
struct address_range {
  std::string subnet, first, last, gateway; ///< all but the subnet may be empty
};
struct resolver {
  std::vector<std::string> servers, searches, options;
};

/// What a runtime knows and a plugin may ask for by its `capabilities` (CONVENTIONS.md, "Dynamic Plugin specific fields
/// (Capabilities / Runtime Configuration)"). What is empty is not passed.
struct runtime_arguments {
  std::vector<port_binding> ports; ///< portMappings; one without a host port is left out
  std::optional<bandwidth_limit> bandwidth;
  resolver dns;
  std::vector<std::vector<address_range>> ip_ranges; ///< ipRanges: of each inner list one address
  std::vector<std::string> ips;                      ///< addresses asked for, with or without prefix
  std::string mac;
  std::string cgroup_path;                        ///< cgroupPath
  std::map<std::string, std::string> annotations; ///< io.kubernetes.cri.pod-annotations
};

/// One end of a network in one namespace. Check and del take the same as the add did.
struct attachment {
  std::string id;             ///< CNI_CONTAINERID
  std::string namespace_path; ///< CNI_NETNS; empty for a removal after the namespace has gone
  std::string interface = "eth0";
  std::vector<std::pair<std::string, std::string>> args; ///< CNI_ARGS: pod_arguments
  runtime_arguments runtime;
};

/// What Kubernetes' runtimes say of a pod by CNI_ARGS.
std::vector<std::pair<std::string, std::string>> pod_arguments(std::string pod_namespace, std::string name,
                                                               std::string sandbox_id, std::string uid);

struct attachment_name {
  std::string id, interface;
};

enum class verb : std::uint8_t { add, check, del, status, gc, version };

struct operation {
  verb what = verb::add;
  attachment end{};                     ///< add, check, del
  std::string previous{};               ///< check, del: the add's result, as text; a del does without
  std::vector<attachment_name> valid{}; ///< gc: all that are still there
};

/// Where plugins are looked for, in order: /opt/cni/bin, /usr/lib/cni.
using plugin_folders = std::vector<std::string>;

/// The calls of one operation on a network, in order: plugins forwards, backwards to remove. Runs nothing itself:
///     while (auto request = sequence.next()) { …run it…; GANTRY_TRY(sequence.feed(reply)); }
///     GANTRY_TRY(sequence.outcome());
/// An add that failed is to be followed by a del, which undoes what was done. A del and a gc go on whatever fails and
/// report the first failure in the end; a del is idempotent. There is nothing to call where the network's version has
/// no such verb, or its configuration forbids it. The caller runs a gc while no add or del is under way (SPEC.md,
/// "Lifecycle & Ordering").
class sequence {
public:
  /// Looks for the plugins' programs: a stat(2) for each. Errors: not_found, naming plugin and folders, before anything
  /// is run (of a del or gc in `outcome`, after the others); invalid_argument for what cannot be said to a plugin.
  static result<sequence> plan(const network_config& network, const plugin_folders& folders, operation what);

  /// The next program to run; nothing when the sequence is through.
  [[nodiscard]] std::optional<monitor::run_process> next();

  /// What that program answered, or why it did not run. Errors: of an add, check, status or version, in CNI's words.
  result<void> feed(const result<monitor::process_result>& answer);

  /// Success, or the first failure.
  [[nodiscard]] result<void> outcome() const { return outcome_; }

  /// Of an add: the last plugin's result, JSON; to be kept, with the network's document, for check and del.
  [[nodiscard]] const std::string& added() const { return previous_; }

  /// Of a version: those that the network allows and all its plugins speak, for network_config::versions.
  [[nodiscard]] const std::vector<spec_version>& spoken() const { return spoken_; }

private:
  struct call {
    std::string plugin, path, input;
  };
  sequence() = default;
  result<void> prepare(const network_config& network, const plugin_folders& folders, const operation& what);
  result<void> failed(error why);
  result<void> narrow(const std::string& plugin, std::string_view answer);
  [[nodiscard]] bool goes_on() const { return what_ == verb::del || what_ == verb::gc; }

  verb what_ = verb::add;
  std::vector<call> calls_;
  std::vector<std::string> environment_;
  std::string previous_;
  std::vector<spec_version> spoken_;
  std::string network_; ///< for messages
  std::size_t at_ = 0;
  result<void> outcome_;
};

} // namespace gantry::network::cni
