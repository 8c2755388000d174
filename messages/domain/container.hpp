#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "messages/domain/digest.hpp"
#include "messages/domain/error.hpp"
#include "messages/domain/health.hpp"
#include "messages/domain/image.hpp"
#include "messages/domain/key.hpp"
#include "messages/domain/link.hpp"
#include "messages/domain/pod_member.hpp"
#include "messages/domain/time.hpp"

namespace gantry {

struct hugepage_limit {
  std::string page_size;  ///< "2MB", "1GB"
  std::int64_t bytes = 0; ///< 0 is a limit too: none may be used
  friend bool operator==(const hugepage_limit&, const hugepage_limit&) = default;
};

/// A block device of the host and what belongs to it: a weight, or bytes or operations a second.
struct device_amount {
  std::string path;
  std::uint64_t amount = 0;
  friend bool operator==(const device_amount&, const device_amount&) = default;
};

/// Limits on a container. Zero or empty means: not limited, or the kernel's default.
struct resource_limits {
  std::int64_t memory = 0;             ///< bytes
  std::int64_t memory_reservation = 0; ///< bytes
  std::int64_t memory_swap = 0;        ///< bytes of memory and swap together; -1 unlimited
  std::optional<std::int64_t> memory_swappiness;
  bool oom_kill_disable = false;
  std::int64_t nano_cpus = 0; ///< billionths of a CPU
  std::int64_t cpu_shares = 0, cpu_quota = 0, cpu_period = 0;
  std::string cpuset_cpus, cpuset_mems;
  std::int64_t pids = 0; ///< -1 unlimited
  int blkio_weight = 0;
  std::vector<device_amount> blkio_weight_device, blkio_read_bps, blkio_write_bps, blkio_read_iops, blkio_write_iops;
  std::vector<hugepage_limit> hugepages;
  std::map<std::string, std::string> unified; ///< files of cgroup v2 and what is written to them: "memory.high"

  friend bool operator==(const resource_limits&, const resource_limits&) = default;
};

struct ulimit {
  std::string name;                ///< "nofile", without RLIMIT_
  std::int64_t soft = 0, hard = 0; ///< -1 unlimited
  friend bool operator==(const ulimit&, const ulimit&) = default;
};

struct device_mapping {
  std::string host, container, permissions; ///< permissions of "rwm"
  friend bool operator==(const device_mapping&, const device_mapping&) = default;
};

/// One mount that a user asked for, whatever the syntax (-v, --mount, --tmpfs, an image's VOLUME).
struct mount_request {
  enum class kind { bind, volume, tmpfs, image };
  kind type = kind::bind;
  std::string source; ///< bind: absolute host path; volume: its name, empty for an anonymous one; image: its name or id
  std::string target; ///< absolute, in the container
  bool read_only = false;
  std::string propagation;    ///< "", "rprivate", "rshared", "rslave", "private", "shared", "slave"
  bool create_source = false; ///< bind by -v: make a missing folder, as docker does
  bool non_recursive = false;
  bool no_copy = false;                         ///< volume: do not copy the image's content into a fresh one
  std::int64_t tmpfs_size = 0;                  ///< bytes
  std::string tmpfs_options;                    ///< as in --tmpfs PATH:options
  std::map<std::string, std::string> labels;    ///< for a volume made on the way
  bool from_image = false;                      ///< the image's VOLUME, or anonymous: `rm -v` and --rm remove it
  bool recursive_read_only = false;             ///< bind: what is mounted below it too; with read_only
  bool inherited = false;                       ///< another container's, by volumes_from
  std::string sub_path{};                       ///< image, volume: what of it is mounted, relative; empty: all
  std::vector<id_mapping> uid_map{}, gid_map{}; ///< bind, in a pod with users of its own: a file of container_id on the
                                                ///< disk is host_id's in the container; empty: as it is

  friend bool operator==(const mount_request&, const mount_request&) = default;
};

/// A sub-path is relative, and has neither ".." nor a NUL in it. Errors: invalid_argument.
result<void> check_sub_path(std::string_view path);

struct port_binding {
  std::uint16_t container_port = 0;
  std::string protocol = "tcp";     ///< tcp, udp, sctp
  std::string host_ip;              ///< empty: all of the host's; "0.0.0.0" and "::": all of the one family
  std::uint16_t host_port = 0;      ///< 0: any free one
  std::uint16_t host_port_last = 0; ///< not 0: any free one from host_port to this
  friend auto operator<=>(const port_binding&, const port_binding&) = default;
};

/// How a container is to be on a network, as its user asked (Docker Engine API, "EndpointSettings").
struct endpoint_options {
  std::string network; ///< "bridge", or the id of a user-defined one; as it was written until a door has found that
  std::string name;    ///< of the network
  std::string address; ///< IPv4; empty: any free one
  std::string mac;     ///< empty: any
  std::vector<std::string> aliases;
  std::string address6{};                ///< IPv6; empty: any free one, where the network has such addresses
  std::vector<std::string> link_local{}; ///< addresses beside the network's, of 169.254.0.0/16 or fe80::/10
  std::map<std::string, std::string> driver_options{}; ///< as they were asked for; those that mean something are also:
  std::string interface = {};                          ///< what it is called in the sandbox; empty: "eth0", …
  std::vector<link_sysctl> sysctls{};
  friend bool operator==(const endpoint_options&, const endpoint_options&) = default;
};

struct restart_policy {
  enum class kind { no, on_failure, always, unless_stopped };
  kind name = kind::no;
  int maximum_retries = 0; ///< on_failure: 0 means without end
  friend bool operator==(const restart_policy&, const restart_policy&) = default;
};

struct log_config {
  std::string driver = "json-file"; ///< json-file, local, none; cri for a pod's
  std::int64_t max_size = 0;        ///< bytes before rotation; 0 never
  int max_files = 1;
  bool compress = false;    ///< the files that rotation has put aside
  std::int64_t buffer = -1; ///< bytes that may wait for the disk, the rest is lost; -1: none is lost
  std::map<std::string, std::string> options{}; ///< all, as the user wrote them; labels, env and tag stand here alone
  friend bool operator==(const log_config&, const log_config&) = default;
};

/// Which of the image's groups (/etc/group) a user is in, besides those that were asked for.
enum class group_membership : std::uint8_t {
  unless_group_named, ///< those that list the user, when the user was given without a group: Docker
  always,             ///< those that list the user: CRI's Merge
  never,              ///< CRI's Strict
};

/// What pods say of who a process is, and Docker does not.
struct pod_identity {
  std::optional<std::uint32_t> group; ///< the primary one, over that in `user`
  group_membership memberships = group_membership::unless_group_named;
  std::vector<std::string> ambient_caps; ///< as cap_add; users that are not root keep them when they execute
  friend bool operator==(const pod_identity&, const pod_identity&) = default;
};

/// Who a process is, in numbers.
struct process_ids {
  std::uint32_t uid = 0, gid = 0;
  std::vector<std::uint32_t> groups; ///< the primary one first
};

/// Of a terminal when its process begins. Both zero: whatever the kernel makes.
struct console_size {
  std::uint16_t height = 0, width = 0;
  friend bool operator==(const console_size&, const console_size&) = default;
};

/// What has one meaning on this host, and is shown as it was asked for.
struct shown_again {
  std::string isolation, volume_driver; ///< "default" in any case, "local"; or empty
  friend bool operator==(const shown_again&, const shown_again&) = default;
};

/// What a user asks of a container; everything that is empty comes from the image or the engine.
/// Validated where it enters (api/): beyond that point each field is of its documented form.
struct container_options {
  std::string image;                                  ///< as the user wrote it
  std::optional<std::vector<std::string>> entrypoint; ///< present but empty: no entrypoint
  std::vector<std::string> cmd;
  std::vector<std::string> env; ///< "NAME=value", or "NAME" to remove it
  std::string working_dir, user, hostname, domainname;
  bool tty = false, open_stdin = false, stdin_once = false;
  console_size console;
  bool attach_stdin = false, attach_stdout = false, attach_stderr = false; ///< as docker run asked; only shown again
  std::map<std::string, std::string> labels, annotations;
  std::string stop_signal;
  std::optional<int> stop_timeout; ///< seconds
  std::optional<healthcheck> health;
  std::vector<std::string> exposed_ports; ///< "80/tcp"

  std::vector<mount_request> mounts;
  std::vector<std::string> volumes_from; ///< as the user wrote it, "name:ro"; only shown again: they are in `mounts`
  resource_limits resources;
  std::vector<std::string> cap_add, cap_drop; ///< "NET_ADMIN" or "CAP_NET_ADMIN", "ALL"
  bool privileged = false, read_only_rootfs = false, init = false, auto_remove = false, publish_all = false;
  std::vector<std::string> security_opt; ///< no-new-privileges, seccomp=unconfined, seccomp=<JSON document>, …
  std::map<std::string, std::string> sysctls;
  std::int64_t shm_size = 64 << 20; ///< bytes
  /// Bytes of a writable layer in memory, which ends with each run of the container; 0: on disk; -1: the engine's.
  std::int64_t writable_memory = -1;
  restart_policy restart;
  log_config log;
  std::string network_mode = "bridge";    ///< bridge, host, none, container:<id>, or a user-defined network as written
  std::vector<endpoint_options> networks; ///< user-defined ones, and what is asked of "bridge"; network_mode's first
  std::string pid_mode, ipc_mode, uts_mode, userns_mode,
      cgroupns_mode;                                                  ///< "", host, private, container:<id>, shareable
  std::vector<std::string> extra_hosts, dns, dns_search, dns_options; ///< extra_hosts: "name:address"
  std::vector<port_binding> ports;
  std::optional<int> oom_score_adj;
  std::vector<std::string> group_add;
  std::string runtime; ///< empty: the engine's default
  std::string cgroup_parent;
  std::vector<ulimit> ulimits;
  std::vector<device_mapping> devices;
  std::vector<std::string> cdi_devices; ///< "vendor.com/class=name", each once
  std::vector<std::string> device_cgroup_rules;
  std::optional<std::vector<std::string>> masked_paths, readonly_paths; ///< present: replaces the engine's
  std::string mac_address;

  pod_member in_pod; ///< of a container of the CRI door
  pod_identity identity;
  shown_again shown;
};

/// The life of a container (architecture: container_supervisor). `removing` is not persisted on its own:
/// a record in that phase is finished by recovery.
enum class phase : std::uint8_t { created, starting, running, paused, restarting, exited, removing, dead };

std::string_view to_string(phase p); ///< as Docker spells it: "created", "running", … ("starting" is "created")

struct container_state {
  phase now = phase::created;
  std::int32_t pid = 0;             ///< of init, in the host's PID namespace; 0 when it does not run
  std::uint64_t pid_start_time = 0; ///< field 22 of /proc/<pid>/stat: tells a reused pid from ours
  int exit_code = 0;                ///< 128 + signal when killed; 255 when it could not be learnt
  bool oom_killed = false;
  std::string error; ///< why it did not start, or why its exit status is not known
  unix_nanos started_at = 0, finished_at = 0;
  int restart_count = 0;
  bool stopped_by_user = false;         ///< stop or kill asked: the restart policy rests
  std::string launcher;                 ///< what made its last process: "native", or the OCI runtime's path
  std::optional<health_state> health{}; ///< of its last life, where it has a check
};

/// An address that a sandbox has, without its prefix, and who is asked to reach others.
struct endpoint_address {
  std::string ip, gateway; ///< empty while there is none
  int prefix_length = 0;
};

/// A sandbox on a network: how it is to be there, and its addresses while it is.
struct network_endpoint {
  std::string network;          ///< "bridge", or the id of a user-defined one
  std::string ip, gateway, mac; ///< IPv4, ip without prefix; empty while it is not attached
  int prefix_length = 0;
  std::vector<port_binding> ports;  ///< host_port resolved; of one of the sandbox's networks alone
  endpoint_options asked = {};      ///< its `network` is the one above
  std::vector<std::string> names{}; ///< what the others on a user-defined network find it by
  std::string interface = "eth0";   ///< in the sandbox
  bool attached = false;            ///< there is something to detach, or may be
  bool default_route = false;       ///< the sandbox's way out, and where its ports are published
  endpoint_address ip6{};           ///< of a network that has IPv6
};

/// A container's namespaces, network and parent cgroup. A Docker container has one of its own, with the same id.
struct sandbox_record {
  key name;
  std::string network_mode; ///< as its container's
  std::vector<port_binding> ports;
  std::string hostname;
  std::vector<network_endpoint> endpoints; ///< the networks that it is on, or will be when it runs
  std::uint32_t monitor = 0;               ///< index of the monitor that holds its namespaces
  unix_nanos created_at = 0;
};

struct resolved_mount {
  std::string type;   ///< bind, volume, tmpfs, image
  std::string name;   ///< of the volume
  std::string source; ///< host path; empty for tmpfs
  std::string target;
  bool read_only = false;
  std::string propagation;
  bool anonymous = false;
  bool recursive_read_only = false;
  /// image: the folders of its layers, base first, or what each has of the sub-path; mounted read-only.
  std::vector<std::string> layers{};
  digest image{};                               ///< image: its id
  std::vector<std::uint64_t> layer_folders{};   ///< image: the numbers of all its layers
  std::string sub_path{};                       ///< image: as asked; volume: what of `source` is mounted
  std::vector<id_mapping> uid_map{}, gid_map{}; ///< as mount_request's
};

/// Whether a name does not do as its source: its files are to have other IDs, or it is a part of a volume, where who
/// writes to that can put a link in its place at any time. Such a source is mounted in the bundle before, from what was
/// opened, and bound from there.
bool is_mounted_before(const resolved_mount& mount);

/// All that is known of a container and outlives the engine (store/meta).
struct container_record {
  key name;                 ///< its (namespace, id)
  std::string display_name; ///< without the leading slash; unique in its namespace
  key sandbox;
  container_options options;
  digest image_id;
  std::string image_name;            ///< familiar form, as `docker ps` shows it
  std::uint64_t snapshot = 0;        ///< <root>/snapshots/<n>; 0 for a read-only container
  std::vector<std::uint64_t> layers; ///< base first
  std::uint32_t monitor = 0;
  std::vector<resolved_mount> mounts;
  std::vector<std::string> args; ///< what init executes
  std::string effective_user, effective_working_dir;
  std::optional<process_ids> effective_ids; ///< what effective_user means in its image; of a pod's container alone
  std::vector<std::string> effective_env;
  std::optional<healthcheck> effective_health; ///< the user's over the image's; none: not checked
  unix_nanos created_at = 0;
  std::string log_path;
  container_state state;
};

/// A named or anonymous volume.
struct volume_record {
  std::string ns, name;
  bool anonymous = false;
  std::map<std::string, std::string> labels;
  unix_nanos created_at = 0;
};

} // namespace gantry
