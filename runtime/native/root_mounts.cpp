#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "runtime/native/cgroup_mounts.hpp"
#include "runtime/native/copy_up.hpp"
#include "runtime/native/mount_flags.hpp"
#include "runtime/native/mount_parts.hpp"
#include "runtime/native/root_tree.hpp"

namespace gantry::native {
namespace {

bool is_below(const std::string& path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

bool is_procfs(int fd) {
  struct statfs fs {};
  return ::fstatfs(fd, &fs) == 0 && fs.f_type == proc_magic;
}

/// What may be mounted over below /proc: files that tell of the machine, and none that steer a process.
bool may_cover(const std::string& target) {
  constexpr std::array<std::string_view, 11> files = {"/proc/cpuinfo",
                                                      "/proc/diskstats",
                                                      "/proc/meminfo",
                                                      "/proc/stat",
                                                      "/proc/swaps",
                                                      "/proc/uptime",
                                                      "/proc/loadavg",
                                                      "/proc/slabinfo",
                                                      "/proc/net/dev",
                                                      "/proc/sys/kernel/ns_last_pid",
                                                      "/proc/sys/crypto/fips_enabled"};
  return std::find(files.begin(), files.end(), target) != files.end();
}

/// A /proc that lies, or a file of it that leads the runtime's own writes elsewhere, would undo the container's limits
/// (CVE-2019-16884, CVE-2023-27561): only a procfs may be /proc, and little may be mounted inside of one.
result<void> check_target(const mount_entry& entry, int target, bool source_is_procfs) {
  if (entry.target == "/proc" && entry.type != "proc" && !source_is_procfs)
    return fail(errc::invalid_argument, "\"/proc\" cannot be mounted because it is not of type proc");
  if (!is_procfs(target) || may_cover(entry.target)) return {};
  if (entry.target == "/proc") return {};
  return fail(errc::invalid_argument, "\"{}\" cannot be mounted because it is inside /proc", entry.target);
}

/// proc and sysfs must lie where the plan says: what is written below them later depends on it.
result<sys::unique_fd> open_ordinary(const sys::rooted_dir& root, const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS;
  sys::unique_fd fd(static_cast<int>(::syscall(SYS_openat2, root.fd(), path.c_str(), &how, sizeof how)));
  if (fd) return fd;
  if (errno == ELOOP || errno == ENOTDIR)
    return fail(errc::invalid_argument, "filesystem must be mounted on ordinary directory: {} is a symlink or a file",
                path);
  if (errno != ENOENT) return fail_errno(errno, "open {}", path);
  GANTRY_TRY(root.make_directories(path, 0755));
  fd.reset(static_cast<int>(::syscall(SYS_openat2, root.fd(), path.c_str(), &how, sizeof how)));
  if (!fd) return fail_errno(errno, "open {}", path);
  return fd;
}

result<sys::unique_fd> open_target(const root_tree& tree, const mount_entry& entry, missing what) {
  if (entry.type == "proc" || entry.type == "sysfs") return open_ordinary(tree.root, entry.target);
  // Below /proc and /sys only what is really there: a symlink could lead from an allowed name to any other.
  if (is_below(entry.target, "/proc")) {
    GANTRY_LET(auto found, tree.root.open_at(entry.target, O_PATH | O_NOFOLLOW));
    return found;
  }
  return open_or_make(tree.root, entry.target, what);
}

/// What is there when `remount` is given (mount(2), MS_REMOUNT): the mount's flags alone of a bind, else those of its
/// file system too. Flags that are not named are cleared, as by mount(2).
result<void> change_mount(root_tree& tree, const mount_entry& entry) {
  GANTRY_LET(const auto target, tree.root.open_at(entry.target, O_PATH));
  if (!entry.bind) {
    const sys::unique_fd context(::fspick(target.get(), "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH));
    if (!context) return fail_errno(errno, "remount");
    for (const auto& option : entry.data) GANTRY_TRY(set_parameter(context.get(), option));
    GANTRY_TRY(set_parameter(context.get(), (entry.set & MOUNT_ATTR_RDONLY) != 0 ? "ro" : "rw"));
    if (::fsconfig(context.get(), FSCONFIG_CMD_RECONFIGURE, nullptr, nullptr, 0) != 0)
      return fail_errno(errno, "remount");
  }
  constexpr std::uint64_t all = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
                                attr_atime | MOUNT_ATTR_NODIRATIME | attr_nosymfollow;
  GANTRY_TRY(set_attributes(target.get(), entry.set, all & ~entry.set, 0));
  GANTRY_TRY(set_attributes(target.get(), entry.rset, entry.rclear, AT_RECURSIVE));
  return set_propagation_of(target.get(), entry.propagation, entry.propagation_recursive);
}

result<void> add_bind(root_tree& tree, const mount_entry& entry, int source) {
  const unsigned deep = entry.recursive ? static_cast<unsigned>(AT_RECURSIVE) : 0U;
  const sys::unique_fd copy(
      source >= 0 ? ::fcntl(source, F_DUPFD_CLOEXEC, 0)
                  : ::open_tree(AT_FDCWD, entry.source.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | deep));
  if (!copy) return fail_errno(errno, "bind {}", entry.source);
  struct stat status {};
  if (::fstat(copy.get(), &status) != 0) return fail_errno(errno, "stat {}", entry.source);
  GANTRY_LET(const auto target, open_target(tree, entry, S_ISDIR(status.st_mode) ? missing::folder : missing::file));
  GANTRY_TRY(check_target(entry, target.get(), is_procfs(copy.get())));
  GANTRY_TRY(set_attributes(copy.get(), entry.set, entry.clear, 0));
  GANTRY_TRY(set_attributes(copy.get(), entry.rset, entry.rclear, AT_RECURSIVE));
  GANTRY_TRY(attach(copy.get(), target.get(), entry.target));
  if (entry.target == "/dev") tree.own_dev = false;
  return set_propagation_of(copy.get(), entry.propagation, entry.propagation_recursive);
}

/// Of the files of a message queue's file system only the root can be labelled, and no option does that.
result<void> label_root(int mount, const std::string& label) {
  const sys::unique_fd root(::openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root || ::fsetxattr(root.get(), "security.selinux", label.c_str(), label.size(), 0) != 0)
    return fail_errno(errno, "label with \"{}\"", label);
  return {};
}

/// File systems that have labels by nature take no context; the others do, and files made in them later have it too.
result<sys::unique_fd> make_file_system(const mount_entry& entry, std::uint64_t attributes, const std::string& label) {
  const bool labelled = !label.empty() && entry.type != "proc" && entry.type != "sysfs";
  auto data = entry.data;
  if (labelled && entry.type != "mqueue") data.push_back("context=" + label);
  GANTRY_LET(auto mounted, new_file_system(entry.type, entry.source, data, attributes));
  if (labelled && entry.type == "mqueue") GANTRY_TRY(label_root(mounted.get(), label));
  return mounted;
}

result<void> copy_up(int target, int mounted) {
  struct stat status {};
  if (::fstat(target, &status) != 0) return fail_errno(errno, "stat");
  GANTRY_TRY(copy_folder(target, mounted));
  // As runc has it: the folder's mode, but the owner that the options say.
  if (::fchmodat(mounted, ".", status.st_mode & 07777, 0) != 0) return fail_errno(errno, "chmod");
  return {};
}

result<void> add_file_system(root_tree& tree, const mount_entry& entry, const std::string& label) {
  GANTRY_LET(const auto target, open_target(tree, entry, missing::folder));
  GANTRY_TRY(check_target(entry, target.get(), false));
  // Devices are made in it first.
  const bool dev = entry.target == "/dev";
  tree.dev_read_only = tree.dev_read_only || (dev && (entry.set & MOUNT_ATTR_RDONLY) != 0);
  auto attributes = entry.set | entry.rset;
  if (dev || entry.copy_up) attributes &= ~static_cast<std::uint64_t>(MOUNT_ATTR_RDONLY);
  GANTRY_LET(auto mounted, make_file_system(entry, attributes, label));
  if (entry.copy_up) {
    GANTRY_TRY(copy_up(target.get(), mounted.get()));
    GANTRY_TRY(set_attributes(mounted.get(), (entry.set | entry.rset) & MOUNT_ATTR_RDONLY, 0, 0));
  }
  GANTRY_TRY(attach(mounted.get(), target.get(), entry.target));
  GANTRY_TRY(set_propagation_of(mounted.get(), entry.propagation, entry.propagation_recursive));
  if (entry.type == "proc" && entry.target == "/proc") tree.proc = std::move(mounted);
  return {};
}

} // namespace

result<void> add_mount(root_tree& tree, const container_plan& plan, const mount_entry& entry, const cgroup_view& groups,
                       int source) {
  const auto added = [&]() -> result<void> {
    if (entry.remount) return change_mount(tree, entry);
    if (entry.bind) return add_bind(tree, entry, source);
    if (entry.type != "cgroup" && entry.type != "cgroup2") return add_file_system(tree, entry, plan.mount_label);
    if (groups.host == nullptr) return fail(errc::failed_precondition, "this host has no cgroups");
    GANTRY_LET(const auto target, open_target(tree, entry, missing::folder));
    GANTRY_TRY(check_target(entry, target.get(), false));
    return mount_cgroups(target.get(), entry, groups, plan.find_namespace(CLONE_NEWCGROUP) != nullptr);
  }();
  if (added) return {};
  return within(added.error(), "error mounting \"{}\" to rootfs at \"{}\"", entry.source, entry.target);
}

} // namespace gantry::native
