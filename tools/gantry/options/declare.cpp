#include "tools/gantry/options/option_set.hpp"

#include "tools/gantry/options/create_options.hpp"

namespace gantry::cli {

namespace {

void declare_process(option_set& app, create_options& o) {
  app.flag("-i,--interactive", o.interactive, "Keep stdin open");
  app.flag("-t,--tty", o.terminal, "Give the process a terminal");
  app.list("-a,--attach", o.attach, "Attach to stdin, stdout or stderr");
  app.list("-e,--env", o.env, "Set an environment variable: NAME=VALUE, or NAME to hand on");
  app.list("--env-file", o.env_files, "Read environment variables from a file");
  app.value("-w,--workdir", o.working_dir, "Working directory in the container");
  app.value("-u,--user", o.user, "User and group: NAME|UID[:GROUP|GID]");
  app.list("--group-add", o.group_add, "Add a supplementary group");
  app.value("--entrypoint", o.entrypoint, "Replace the image's entrypoint; empty for none");
  app.flag("--init", o.init, "Run an init that forwards signals and reaps processes");
  app.flag("--privileged", o.privileged, "Lift most of the confinement");
  app.list("--cap-add", o.cap_add, "Add a capability, or ALL");
  app.list("--cap-drop", o.cap_drop, "Drop a capability, or ALL");
  app.list("--security-opt", o.security_opt, "no-new-privileges, seccomp=FILE|unconfined, …");
  app.list("--ulimit", o.ulimits, "Limit of a resource: NAME=SOFT[:HARD]");
  app.value("--stop-signal", o.stop_signal, "Signal of stop");
  app.value("--stop-timeout", o.stop_timeout, "Seconds that stop waits before SIGKILL");
  app.list("--sysctl", o.sysctls, "Kernel parameter of the container's namespaces: NAME=VALUE");
  app.list("--storage-opt", o.storage_opts,
           "memory=SIZE: a writable layer in memory, which ends with each run; 0: on disk");
  app.value("--oom-score-adj", o.oom_score_adj, "OOM preference, -1000 to 1000");
  app.flag("--oom-kill-disable", o.oom_kill_disable, "Switch off the OOM killer");
}

void declare_identity(option_set& app, create_options& o) {
  app.value("--name", o.name, "Name of the container");
  app.list("-l,--label", o.labels, "Label: KEY=VALUE");
  app.list("--label-file", o.label_files, "Read labels from a file");
  app.list("--annotation", o.annotations, "Annotation for the OCI runtime: KEY=VALUE");
  app.value("--cidfile", o.cidfile, "Write the container's id to a file");
  app.choice("--pull", o.pull, {"always", "missing", "never"}, "Pull the image before: always, missing or never");
  app.value("--platform", o.platform, "Platform of the image: OS[/ARCH[/VARIANT]]");
  app.flag("-q,--quiet", o.quiet, "Do not show the progress of a pull");
  app.flag("--rm", o.auto_remove, "Remove the container when it has exited");
  app.value("--restart", o.restart, "Restart policy: no, always, unless-stopped, on-failure[:N]");
  app.value("--runtime", o.runtime, "OCI runtime: a name or a path");
  app.value("--log-driver", o.log_driver, "Log driver: json-file, local or none");
  app.list("--log-opt", o.log_opts, "Option of the log driver: KEY=VALUE");
  app.value("--health-cmd", o.health_cmd, "Command that checks health");
  app.value("--health-interval", o.health_interval, "Time between checks, as in 30s");
  app.value("--health-timeout", o.health_timeout, "Longest time of one check");
  app.value("--health-start-period", o.health_start_period, "Time to start up, in which failures do not count");
  app.value("--health-start-interval", o.health_start_interval, "Time between checks in the start period");
  app.value("--health-retries", o.health_retries, "Failures in a row that mean unhealthy");
  app.flag("--no-healthcheck", o.no_healthcheck, "Switch off the image's health check");
}

void declare_files(option_set& app, create_options& o) {
  app.list("-v,--volume", o.volumes, "Mount: [SOURCE:]TARGET[:OPTIONS]");
  app.list("--mount", o.mounts, "Mount: type=bind|volume|tmpfs|image,source=…,target=…");
  app.list("--tmpfs", o.tmpfs, "Mount a tmpfs: TARGET[:OPTIONS]");
  app.list("--volumes-from", o.volumes_from, "Mount the volumes of another container");
  app.value("--volume-driver", o.volume_driver, "Driver of the container's volumes");
  app.flag("--read-only", o.read_only, "Mount the root read-only");
  app.value("--shm-size", o.shm_size, "Size of /dev/shm, as in 64m");
  app.list("--device", o.devices, "Device: HOST[:CONTAINER[:rwm]], or a CDI device's VENDOR/CLASS=NAME");
  app.list("--device-cgroup-rule", o.device_cgroup_rules, "Rule for devices, as in \"c 42:* rmw\"");
}

void declare_limits(option_set& app, create_options& o) {
  app.value("-m,--memory", o.memory, "Limit of memory, as in 512m");
  app.value("--memory-swap", o.memory_swap, "Limit of memory and swap together; -1 for none");
  app.value("--memory-reservation", o.memory_reservation, "Soft limit of memory");
  app.value("--memory-swappiness", o.memory_swappiness, "0 to 100");
  app.value("--cpus", o.cpus, "How many CPUs, as in 1.5");
  app.value("-c,--cpu-shares", o.cpu_shares, "Relative weight of CPU time");
  app.value("--cpu-quota", o.cpu_quota, "CPU time in each period, microseconds");
  app.value("--cpu-period", o.cpu_period, "Period of the quota, microseconds");
  app.value("--cpuset-cpus", o.cpuset_cpus, "CPUs to run on, as in 0-3,8");
  app.value("--cpuset-mems", o.cpuset_mems, "Memory nodes to use");
  app.value("--blkio-weight", o.blkio_weight, "Relative weight of block I/O, 10 to 1000");
  app.list("--blkio-weight-device", o.blkio_weight_device, "The same of one device: DEVICE:WEIGHT");
  app.list("--device-read-bps", o.read_bps, "Bytes a second from a device: DEVICE:SIZE");
  app.list("--device-write-bps", o.write_bps, "Bytes a second to a device: DEVICE:SIZE");
  app.list("--device-read-iops", o.read_iops, "Operations a second from a device: DEVICE:NUMBER");
  app.list("--device-write-iops", o.write_iops, "Operations a second to a device: DEVICE:NUMBER");
  app.value("--pids-limit", o.pids_limit, "Limit of processes; -1 for none");
  app.value("--cgroup-parent", o.cgroup_parent, "Parent of the container's cgroup");
}

void declare_namespaces(option_set& app, create_options& o) {
  app.value("-h,--hostname", o.hostname, "Host name of the container");
  app.value("--domainname", o.domainname, "NIS domain name of the container");
  app.list("--network,--net", o.networks,
           "Network: bridge, host, none, container:NAME, one that was created, or name=…,alias=…,ip=…");
  app.list("--network-alias,--net-alias", o.network_aliases, "Name on the network");
  app.value("--ip", o.ip, "IPv4 address on the network");
  app.value("--ip6", o.ip6, "IPv6 address on the network");
  app.list("--link-local-ip", o.link_local_ips, "Link-local address");
  app.value("--mac-address", o.mac_address, "MAC address on the bridge");
  app.list("-p,--publish", o.publish, "Publish a port: [[IP:][HOST]:]CONTAINER[/PROTOCOL]");
  app.flag("-P,--publish-all", o.publish_all, "Publish all exposed ports to free ones");
  app.list("--expose", o.expose, "Expose a port or a range");
  app.list("--dns", o.dns, "DNS server");
  app.list("--dns-search", o.dns_search, "DNS search domain");
  app.list("--dns-option,--dns-opt", o.dns_options, "Option of resolv.conf");
  app.list("--add-host", o.add_hosts, "Line of /etc/hosts: NAME:ADDRESS");
  app.value("--pid", o.pid, "PID namespace: host or container:NAME");
  app.value("--ipc", o.ipc, "IPC namespace: private, shareable, host, none or container:NAME");
  app.value("--isolation", o.isolation, "default, which is all that there is on Linux");
  app.value("--uts", o.uts, "UTS namespace: host");
  app.value("--userns", o.userns, "User namespace: host");
  app.value("--cgroupns", o.cgroupns, "Cgroup namespace: host or private");
}

} // namespace

void declare_update_options(option_set& app, create_options& into) {
  app.value("-m,--memory", into.memory, "Limit of memory, as in 512m");
  app.value("--memory-swap", into.memory_swap, "Limit of memory and swap together; -1 for none");
  app.value("--memory-reservation", into.memory_reservation, "Soft limit of memory");
  app.value("--cpus", into.cpus, "How many CPUs, as in 1.5");
  app.value("-c,--cpu-shares", into.cpu_shares, "Relative weight of CPU time");
  app.value("--cpu-quota", into.cpu_quota, "CPU time in each period, microseconds");
  app.value("--cpu-period", into.cpu_period, "Period of the quota, microseconds");
  app.value("--cpuset-cpus", into.cpuset_cpus, "CPUs to run on, as in 0-3,8");
  app.value("--cpuset-mems", into.cpuset_mems, "Memory nodes to use");
  app.value("--blkio-weight", into.blkio_weight, "Relative weight of block I/O, 10 to 1000");
  app.value("--pids-limit", into.pids_limit, "Limit of processes; -1 for none");
  app.value("--restart", into.restart, "Restart policy: no, always, unless-stopped, on-failure[:N]");
}

void declare_create_options(option_set& app, create_options& into) {
  declare_process(app, into);
  declare_identity(app, into);
  declare_files(app, into);
  declare_limits(app, into);
  declare_namespaces(app, into);
}

} // namespace gantry::cli
