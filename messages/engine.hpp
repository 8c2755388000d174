#pragma once

#include "messages/archives.hpp"
#include "messages/caf.hpp"
#include "messages/catalog.hpp"
#include "messages/container_supervisor.hpp"
#include "messages/devices.hpp"
#include "messages/events.hpp"
#include "messages/files.hpp"
#include "messages/images.hpp"
#include "messages/metrics.hpp"
#include "messages/network.hpp"
#include "messages/pod_boards.hpp"
#include "messages/pods.hpp"
#include "messages/transfer.hpp"
#include "messages/volumes.hpp"
#include "messages/writable_usage.hpp"

namespace gantry {

/// The document that create_container would hand to the runtime, and where each field came from.
struct explain_spec {
  std::string ns;
  container_options options;
};
struct explained_spec {
  struct note {
    std::string pointer, origin, why;
  };
  std::string config_json;
  std::vector<note> notes;
  std::vector<std::string> warnings;
};

/// Facts for `info` and `version`.
struct ask_engine_info {};
struct engine_info {
  std::string root, run_dir, default_runtime, kernel, os, architecture, host_name, cgroup_version, cgroup_driver, id;
  std::map<std::string, std::string> runtimes; ///< name to path
  std::vector<std::string> security_options, warnings;
  int cpus = 0;
  std::int64_t memory = 0;        ///< bytes
  std::string operating_system;   ///< /etc/os-release's PRETTY_NAME
  std::string init_program;       ///< path of tini; empty: not there
  std::string backing_filesystem; ///< of the root: "extfs"
  /// What the host's cgroups can limit, for which a container would otherwise get a warning.
  struct support {
    bool memory = false, swap = false, oom_kill_disable = false, cpu_shares = false, cpu_quota = false;
    bool cpuset = false, pids = false;
  } limits;
};

/// How busy: what keeps an `--idle-exit` daemon alive.
struct ask_activity {};
struct activity {
  std::size_t containers_running = 0; ///< or with a restart to come
  std::size_t operations = 0;         ///< pulls and creations under way
};

/// The other actors, for doors that ask them directly.
struct ask_actors {};
struct engine_actors {
  catalog_actor catalog;
  images_actor images;
  volumes_actor volumes;
  events_actor events;
  pods_actor pods = {};
  archives_actor archives = {};
  std::vector<metered_actor> metered = {}; ///< all that own figures
  network_actor network = {};
  files_actor files = {};
  writable_usage_actor writable_usage = {};
  devices_actor devices = {};
  transfer_actor transfer = {};
  std::shared_ptr<const pod_boards> boards = std::make_shared<const pod_boards>();
};

/// What the records and the monitors know, at the engine's start.
struct recover_engine {
  std::vector<container_record> containers;
  std::vector<sandbox_record> sandboxes;
  std::vector<pod_record> pods{};
};

/// Stops all in order; containers go on with their monitors. The engine answers and ends.
struct stop_engine {};

/// What the engine sends itself while there are containers made a short while ago.
struct forget_documents {};

/// engine: the tree of all actors.
using engine_actor = caf::typed_actor<
    // Spawns a sandbox and a container, and delegates to the latter
    replies_to<create_container>::with<created>, replies_to<explain_spec>::with<explained_spec>,
    replies_to<ask_engine_info>::with<engine_info>, replies_to<ask_activity>::with<activity>,
    replies_to<ask_actors>::with<engine_actors>,
    // Answers when every container is supervised again, or its deadline has passed
    replies_to<recover_engine>::with<done>, replies_to<stop_engine>::with<done>, reacts_to<forget_documents>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::explain_spec)
GANTRY_MESSAGE(gantry::explained_spec)
GANTRY_MESSAGE(gantry::ask_engine_info)
GANTRY_MESSAGE(gantry::engine_info)
GANTRY_MESSAGE(gantry::ask_activity)
GANTRY_MESSAGE(gantry::activity)
GANTRY_MESSAGE(gantry::ask_actors)
GANTRY_MESSAGE(gantry::engine_actors)
GANTRY_MESSAGE(gantry::recover_engine)
GANTRY_MESSAGE(gantry::stop_engine)
GANTRY_MESSAGE(gantry::forget_documents)
