#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/sys/borrowed_mount.hpp"
#include "runtime/sys/file_mount.hpp"
#include "runtime/sys/overlay_mount.hpp"

/// What a config.json asks for, as plain data: the launcher carries it out without looking at JSON, and a zygote gets
/// it as bytes. Each struct lists its fields once more in `fields_of`, from which the codec derives.
namespace gantry::native {

struct id_mapping {
  std::uint32_t inside = 0, outside = 0, count = 0;
};

/// A namespace that the container does not share with the host.
struct namespace_request {
  std::uint32_t flag = 0; ///< CLONE_NEW*
  std::string path;       ///< to join; empty: a new one
};

/// How far a clock of a new time namespace is ahead (time_namespaces(7)).
struct time_offset {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
};

/// Whose IDs the files of a bind have (mount_setattr(2), "ID-mapped mounts").
enum class id_mapped : std::uint8_t { no, this_mount, recursively };

/// One mount, in mount_setattr(2)'s terms.
struct mount_entry {
  std::string target, type, source;
  bool bind = false;
  bool recursive = false;             ///< rbind
  std::uint64_t set = 0, clear = 0;   ///< MOUNT_ATTR_* of the mount itself
  std::uint64_t rset = 0, rclear = 0; ///< … and of all below it ("rro")
  std::uint32_t propagation = 0;      ///< MS_SHARED, …; 0: as it is
  bool propagation_recursive = false;
  std::vector<std::string> data; ///< the file system's own options: "size=64k", "newinstance"
  bool remount = false;          ///< changes the mount that is there
  bool copy_up = false;          ///< of a tmpfs: begins with what the folder under it holds
  id_mapped mapped = id_mapped::no;
  std::vector<id_mapping> uid_map, gid_map; ///< of `mapped`; empty: the container's
};

/// A part of the host, mounted at another place of it, with mapped IDs if `users` or maps say so, for `mounts` to bind.
struct mapped_mount {
  std::string source, target;
  bool recursive = false; ///< with what is mounted below it, whose IDs stay
  std::string users;      ///< path that opens the user namespace by which they are mapped; or the maps:
  std::vector<id_mapping> uid_map, gid_map;
  std::vector<std::string> layers{}; ///< of an image, base first, two at least: an overlay, in place of `source`
  std::string sub_path{};            ///< not empty: what of `source`, out of which no link may lead
};

struct device_node {
  std::string path;
  std::uint32_t type = 0; ///< S_IFCHR, S_IFBLK or S_IFIFO
  std::uint32_t major = 0, minor = 0, mode = 0666, uid = 0, gid = 0;
};

/// A line of the devices cgroup, in order. type 'a', 'b' or 'c'; -1: any number.
struct device_rule {
  bool allow = false;
  char type = 'a';
  std::int64_t major = -1, minor = -1;
  std::string access = "rwm";
};

struct rlimit_entry {
  std::uint32_t resource = 0; ///< RLIMIT_*
  std::uint64_t soft = 0, hard = 0;
};

struct key_value {
  std::string key, value;
};

/// Sets of capabilities(7): bit n is capability number n.
struct capability_sets {
  std::uint64_t bounding = 0, effective = 0, permitted = 0, inheritable = 0, ambient = 0;
};

/// sched_setattr(2)'s numbers.
struct scheduler_plan {
  std::uint32_t policy = 0; ///< SCHED_*
  std::uint64_t flags = 0;  ///< SCHED_FLAG_*
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0, deadline = 0, period = 0; ///< nanoseconds
};

struct process_plan {
  std::vector<std::string> args, env;
  std::string cwd = "/";
  bool terminal = false;
  std::uint16_t rows = 0, columns = 0;
  std::uint32_t uid = 0, gid = 0;
  std::optional<std::uint32_t> umask;
  std::vector<std::uint32_t> groups;
  std::optional<capability_sets> capabilities; ///< absent: none at all, as runc has it
  std::vector<rlimit_entry> rlimits;
  bool no_new_privileges = false;
  std::string apparmor_profile, selinux_label;
  std::optional<std::int32_t> oom_score_adj;
  std::optional<scheduler_plan> scheduler;
  std::optional<std::uint16_t> io_priority; ///< class and level, as ioprio_set(2) packs them
  /// Processors of an exec, before it joins the container's cgroups and after; bit n of word n / 64. Empty: as it is.
  std::vector<std::uint64_t> cpus_before, cpus_after;
  std::vector<std::string> unknown_capabilities; ///< asked for, and left out: their names
};

struct seccomp_plan {
  std::string program;     ///< struct sock_filter[]; empty: no filter
  std::uint32_t flags = 0; ///< SECCOMP_FILTER_FLAG_*
};

struct hook {
  std::string path;
  std::vector<std::string> args, env;
  std::uint32_t timeout_seconds = 0; ///< 0: none
};

/// Hooks by when they run (runtime-spec config.md, "POSIX-platform Hooks").
struct hook_lists {
  std::vector<hook> prestart, create_runtime, create_container, start_container, poststart, poststop;
};

struct device_value {
  std::uint32_t major = 0, minor = 0;
  std::uint64_t value = 0;
};

/// linux.resources. Absent members leave the kernel's defaults.
struct resource_plan {
  std::optional<std::int64_t> memory_limit, memory_reservation, memory_swap; ///< bytes; -1: unlimited
  std::optional<std::uint64_t> swappiness;
  bool disable_oom_killer = false;
  std::optional<std::uint64_t> cpu_shares, cpu_period;
  std::optional<std::int64_t> cpu_quota, cpu_burst, cpu_idle;
  std::string cpus, mems;
  std::optional<std::int64_t> pids;
  std::optional<std::uint64_t> io_weight;
  std::vector<device_value> io_weight_device, read_bps, write_bps, read_iops, write_iops;
  std::vector<key_value> huge_pages; ///< "2MB", bytes
  std::optional<std::uint64_t> net_class;
  std::vector<key_value> net_priorities, unified;
  std::vector<device_rule> devices;
};

struct container_plan {
  process_plan process;
  std::string root; ///< host path; relative: to the bundle, until `launch_options` or the caller resolves it
  bool root_read_only = false;
  std::uint32_t root_propagation = 0; ///< MS_SHARED, …; 0: none asked
  bool root_propagation_recursive = false;
  std::optional<sys::overlay_plan> overlay; ///< mounted as the root itself; `root` is then only the place to hang it
  std::optional<sys::file_mount> files;     ///< mounted before `mounts`, which may bind what is in it
  std::optional<sys::borrowed_mount> shm;   ///< likewise: a pod's /dev/shm
  std::vector<mapped_mount> mapped;         ///< likewise
  std::string hostname, domainname;
  std::vector<mount_entry> mounts;
  std::vector<namespace_request> namespaces;
  std::vector<id_mapping> uid_map, gid_map;
  time_offset monotonic_offset, boottime_offset;
  std::vector<device_node> devices;
  std::string cgroup_path; ///< linux.cgroupsPath
  resource_plan resources;
  std::vector<key_value> sysctls, annotations;
  std::vector<std::string> masked, read_only;
  std::string mount_label; ///< SELinux context of the files of new file systems
  seccomp_plan seccomp;
  std::uint64_t personality = 0; ///< 0: PER_LINUX
  hook_lists hooks;

  /// The request for one kind of namespace, or nothing: shared with the host.
  [[nodiscard]] const namespace_request* find_namespace(std::uint32_t flag) const {
    for (const auto& one : namespaces)
      if (one.flag == flag) return &one;
    return nullptr;
  }
};

std::string encode(const container_plan& plan);
/// Errors: corrupt.
result<container_plan> decode_container_plan(std::string_view bytes);
std::string encode(const process_plan& plan);
std::string encode(const resource_plan& plan);
std::string encode(const std::vector<mapped_mount>& all);
result<std::vector<mapped_mount>> decode_mapped_mounts(std::string_view bytes);
result<process_plan> decode_process_plan(std::string_view bytes);

} // namespace gantry::native
