#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "messages/engine.hpp"

namespace gantry {

/// What an engine is started with. Empty or zero: the engine's default.
struct engine_options {
  std::string root = "/var/lib/gantry";        ///< images, layers, records; absolute; one engine at a time has it
  std::string run_dir = "/run/gantry";         ///< sockets and bundles; absolute, best on a tmpfs
  std::string monitor_program;                 ///< default: gantry-monitor beside the running program
  std::string init_program;                    ///< for options.init; default: tini in PATH
  std::string default_runtime;                 ///< default: "native"
  std::map<std::string, std::string> runtimes; ///< name to path, beside runc, crun and youki where PATH has them
  std::string cgroup_driver;                   ///< "cgroupfs" (default) or "systemd", which needs cgroups v2 alone
  std::string cgroup_parent;                   ///< default: "/gantry"; with systemd "gantry.slice"
  std::vector<std::string> dns;                ///< for containers that name none; default: the host's
  std::vector<std::string> insecure_registries;
  int stop_timeout = -1;            ///< seconds from the stop signal to SIGKILL; default: 10
  bool volatile_snapshots = false;  ///< writable layers need not survive a power cut (overlayfs "volatile")
  std::int64_t writable_memory = 0; ///< bytes of writable layers in memory, for containers that do not say; 0: on disk

  std::string bridge;      ///< of the network `bridge`; default: gantry0, or one made from another root's path
  std::string subnet;      ///< of it, CIDR; default: 172.29.0.0/16, or one made from another root's path
  std::string cni_plugins; ///< folder of CNI's plugins; default: /opt/cni/bin, else /usr/lib/cni
  std::string cni_config;  ///< folder of the networks of pods; default: /etc/cni/net.d

  /// Folders with the files of CDI devices, the last over those before it; none: no device is known.
  std::vector<std::string> cdi_spec_dirs = {"/etc/cdi", "/var/run/cdi"};

  int niceness = 0; ///< of containers' processes (nice(2)); the monitors' own is below it

  std::size_t max_creations = 0; ///< creations that may wait beside those under way (default 4,096)
  std::size_t max_pulls = 0;     ///< pulls side by side (default 4)
  std::size_t monitors = 0;      ///< default: one per core
  std::size_t threads = 0;       ///< of the actors' scheduler; default: one per core
};

/// An engine in this process: the same that gantryd serves, for programs that embed it. Installs no signal handlers and
/// keeps no globals, so several engines with different roots live side by side. Needs root.
///
/// Every member may be called from any thread; those that answer a result wait for the engine and must not be called
/// from one of its actors. An engine's end leaves running containers to their monitors: the next engine on the
/// same root finds them again.
class engine {
public:
  /// Opens the root, starts or finds the monitors, recovers what was there. Errors: denied (not root),
  /// failed_precondition (the root is another engine's, or newer), unavailable (a monitor or the runtime is missing).
  static result<std::unique_ptr<engine>> start(engine_options options);

  ~engine(); ///< stop()

  /// Commits the records and ends all actors, within about ten seconds. Idempotent. False: the thread of one hangs, in
  /// the kernel say, and is left behind. It uses what a return from main takes down: end the process by _exit(2) then.
  bool stop();

  /// Fetches an image (messages/images.hpp has who may ask for what). Waits for it.
  result<pulled_image> pull(const std::string& ns, const std::string& image, const registry_login& login = {});
  /// Makes a container; it does not run yet. `display_name` may be empty.
  result<created> create(const std::string& ns, const std::string& display_name, const container_options& options);
  result<done> start(const key& container);
  result<done> stop(const key& container, std::chrono::seconds grace);
  result<done> kill(const key& container, const std::string& signal = "SIGKILL");
  result<exit_report> wait(const key& container);
  result<done> remove(const key& container, bool force = false);
  /// All containers of a namespace, newest first.
  result<container_table_ptr> list(const std::string& ns);

  /// Calls `on` for each batch of events of a namespace, on an actor's thread: it must not block. Ends with the engine,
  /// or when the answer is given to unsubscribe.
  result<subscription> subscribe(const std::string& ns, std::function<void(const event_batch&)> on);
  void unsubscribe(subscription what);

  // For doors: ask the actors directly.
  caf::actor_system& system();
  engine_actor handle();

private:
  struct inner;
  explicit engine(std::unique_ptr<inner> made);
  std::shared_ptr<inner> inner_; ///< also a thread's that is left behind
};

} // namespace gantry
