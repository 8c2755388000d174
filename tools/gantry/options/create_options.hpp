#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/gantry/format/json.hpp"
#include "tools/gantry/options/option_set.hpp"

namespace gantry::cli {

using strings = std::vector<std::string>;

/// What `create`, `run` and `spec` take before the image, as the user wrote it.
struct create_options {
  // the process
  bool interactive = false, terminal = false, privileged = false, init = false;
  strings attach, env, env_files, group_add, cap_add, cap_drop, security_opt, ulimits;
  std::string user, working_dir, stop_signal;
  std::optional<std::string> entrypoint; ///< present but empty: the image's is not used
  std::optional<int> stop_timeout;       ///< seconds
  // what is known of it
  std::string name, platform, pull = "missing", cidfile;
  strings labels, label_files, annotations;
  bool quiet = false, auto_remove = false;
  // files
  strings volumes, mounts, tmpfs, volumes_from, devices, device_cgroup_rules;
  bool read_only = false;
  std::string volume_driver, shm_size;
  // limits
  std::string memory, memory_swap, memory_reservation, cpus, cpuset_cpus, cpuset_mems, restart, runtime, cgroup_parent;
  std::int64_t cpu_shares = 0, cpu_quota = 0, cpu_period = 0, pids_limit = 0, blkio_weight = 0;
  std::optional<std::int64_t> memory_swappiness, oom_score_adj;
  bool oom_kill_disable = false;
  strings sysctls, storage_opts;
  strings blkio_weight_device, read_bps, write_bps, read_iops, write_iops; ///< "DEVICE:AMOUNT"
  // namespaces and network
  std::string hostname, domainname, mac_address, ip, ip6, pid, ipc, uts, userns, cgroupns, isolation;
  strings networks, network_aliases, link_local_ips, publish, expose, dns, dns_search, dns_options, add_hosts;
  bool publish_all = false;
  // health
  std::string health_cmd, health_interval, health_timeout, health_start_period, health_start_interval;
  std::int64_t health_retries = 0;
  bool no_healthcheck = false;
  // logs
  std::string log_driver;
  strings log_opts;
};

/// Declares the options; what is parsed lands in `into`, which must outlive the app.
void declare_create_options(option_set& app, create_options& into);
/// Those that a container's update takes.
void declare_update_options(option_set& app, create_options& into);

/// What the body depends on beside the options; tests put their own here.
struct surroundings {
  std::function<std::optional<std::string>(const std::string&)> variable; ///< of the environment
  std::function<result<std::string>(const std::string&)> file;            ///< its whole content, bounded
  std::string folder;                                                     ///< absolute; for relative paths of -v

  static surroundings of_process();
};

/// The body of POST /containers/create (Engine API v1.47, "ContainerCreate"). Only what was asked for is in it.
/// Errors: invalid_argument, naming the option.
result<json> create_body(const create_options& options, const std::string& image, const strings& command,
                         const surroundings& around);

} // namespace gantry::cli
