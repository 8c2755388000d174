#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "messages/admission.hpp"
#include "messages/catalog.hpp"
#include "messages/cgroups.hpp"
#include "messages/devices.hpp"
#include "messages/events.hpp"
#include "messages/images.hpp"
#include "messages/launcher.hpp"
#include "messages/metadata.hpp"
#include "messages/network.hpp"
#include "messages/pod_boards.hpp"
#include "messages/pod_network.hpp"
#include "messages/snapshot.hpp"
#include "messages/volumes.hpp"
#include "runtime/spec/host_facts.hpp"
#include "store/layout.hpp"

namespace gantry {

/// What an engine was started with, and what it found on the host. Never changes afterwards: actors share it.
struct engine_config {
  std::string root, run_dir;
  std::string monitor_program;                 ///< path of gantry-monitor
  std::map<std::string, std::string> runtimes; ///< name to path
  std::string default_runtime = monitor::native_runtime;
  std::string init_program; ///< path of tini, for --init; empty: not there
  std::vector<ulimit> default_ulimits;
  cgroup::driver driver = cgroup::driver::cgroupfs;
  std::string cgroup_parent = "/gantry"; ///< systemd: a slice's name
  std::vector<std::string> dns;          ///< for containers that name none; empty: the host's
  int stop_timeout = 10;                 ///< seconds
  bool volatile_snapshots = false;
  std::int64_t writable_memory = 0; ///< of containers that do not say; bytes, 0: on disk
  spec::host_facts facts;
  std::string id; ///< of this engine, made once for a root
  std::string host_name;
  std::string host_resolv_conf; ///< content of the host's /etc/resolv.conf, at the engine's start
  std::string bridge_gateway;   ///< what host-gateway stands for
  store::layout paths{""};      ///< of the root
};

/// The actors that every supervisor talks to.
struct engine_parts {
  std::shared_ptr<const engine_config> config;
  catalog_actor catalog;
  images_actor images;
  snapshot_actor snapshot;
  volumes_actor volumes;
  metadata_actor metadata;
  admission_actor admission;
  events_actor events;
  network_actor network;
  pod_network_actor pod_network;
  cgroups_actor cgroups;
  devices_actor devices;
  std::vector<launcher_actor> launchers; ///< by monitor
  std::shared_ptr<pod_boards> boards = std::make_shared<pod_boards>();

  /// The launcher of the monitor that holds a container or sandbox.
  [[nodiscard]] const launcher_actor& launcher(std::uint32_t monitor) const {
    return launchers[monitor % launchers.size()];
  }

  /// Tells the catalog what changes its table.
  template<class Fact>
  void tell_catalog(Fact fact) const {
    tell_announced(boards->containers, catalog, std::move(fact));
  }
};

/// The wall clock, for records.
inline unix_nanos now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

} // namespace gantry
