#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "messages/domain/error.hpp"

namespace gantry::daemon {

/// All that a daemon can be told, by its configuration file and over it by flags. Empty or zero means: the engine's own
/// default, where the comment names none. gantry.toml beside this file documents each key.
struct settings {
  std::string root = "/var/lib/gantry";
  std::string run_dir = "/run/gantry";
  std::vector<std::string> hosts;                       ///< unix://PATH; empty: unix://<run_dir>/gantry.sock
  std::vector<std::string> cri_hosts;                   ///< unix://PATH to serve the Kubernetes CRI on; empty: nowhere
  std::string cri_streaming_host = "tcp://127.0.0.1:0"; ///< where exec, attach and port-forward are served
  std::string cri_streaming_tls_cert, cri_streaming_tls_key; ///< paths, both or neither: then over TLS
  std::vector<std::string> metrics_hosts; ///< tcp://HOST:PORT or unix://PATH; empty: figures are not served
  std::string group;                      ///< of the sockets
  std::string log_level = "info";
  std::chrono::seconds idle_exit{0}; ///< 0: never
  std::chrono::seconds stop_deadline{20};

  std::string runtime;                         ///< the default one's name
  std::map<std::string, std::string> runtimes; ///< name to path, beside those found in PATH
  std::string monitor_program;
  std::string init_program;
  std::string cgroup_driver, cgroup_parent;
  int niceness = 0; ///< that the program was started with: its containers'
  std::vector<std::string> dns;
  std::optional<int> stop_timeout; ///< seconds
  bool volatile_snapshots = false;
  std::int64_t writable_memory = 0; ///< bytes

  std::vector<std::string> insecure_registries;
  std::string bridge, subnet, cni_plugins, cni_config;
  std::vector<std::string> cdi_spec_dirs = {"/etc/cdi", "/var/run/cdi"}; ///< empty: no CDI device is known

  /// Bounds; 0: the engine's default.
  struct bounds {
    std::size_t max_creations = 0, max_pulls = 0, max_connections = 0, monitors = 0, threads = 0;
  } limits;
};

/// Reads a TOML file over `into`. A key that is not known is an error that names it and the nearest known one.
/// Errors: invalid_argument with the line; not_found.
result<void> read_config_file(const std::string& path, settings& into);

/// What the command line said.
struct command_line {
  settings all;              ///< file and flags
  std::optional<int> status; ///< present: the program ends with it (--help, --version, a mistake), having said why
};

/// Flags over the file that --config names (default /etc/gantry/gantry.toml, which may be missing).
command_line read_command_line(int argc, char** argv);

/// "30s", "5m", "1h30m", "500ms" (rounded up). Errors: invalid_argument.
result<std::chrono::seconds> parse_seconds(const std::string& text);

/// The socket's path of "unix:///run/x.sock" or "/run/x.sock". Errors: invalid_argument.
result<std::string> socket_path(const std::string& host);

} // namespace gantry::daemon
