#include "tools/gantryd/engine_of.hpp"

namespace gantry::daemon {

engine_options engine_of(const settings& all) {
  engine_options options;
  options.root = all.root;
  options.run_dir = all.run_dir;
  options.monitor_program = all.monitor_program;
  options.init_program = all.init_program;
  options.default_runtime = all.runtime;
  options.runtimes = all.runtimes;
  options.cgroup_driver = all.cgroup_driver;
  options.cgroup_parent = all.cgroup_parent;
  options.dns = all.dns;
  options.insecure_registries = all.insecure_registries;
  options.stop_timeout = all.stop_timeout.value_or(options.stop_timeout);
  options.volatile_snapshots = all.volatile_snapshots;
  options.writable_memory = all.writable_memory;
  options.bridge = all.bridge;
  options.subnet = all.subnet;
  options.cni_plugins = all.cni_plugins;
  options.cni_config = all.cni_config;
  options.cdi_spec_dirs = all.cdi_spec_dirs;
  options.niceness = all.niceness;
  options.max_creations = all.limits.max_creations;
  options.max_pulls = all.limits.max_pulls;
  options.monitors = all.limits.monitors;
  options.threads = all.limits.threads;
  return options;
}

} // namespace gantry::daemon
