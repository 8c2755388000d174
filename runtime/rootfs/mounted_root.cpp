#include "runtime/rootfs/mounted_root.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "runtime/sys/files.hpp"
#include "runtime/sys/id_mapped.hpp"
#include "runtime/sys/overlay_mount.hpp"

namespace gantry::rootfs {
namespace {

using sys::rooted_dir;
using sys::unique_fd;
constexpr std::int64_t scratch_bytes = 1 << 20; // for mount points that a read-only root lacks

/// The calling thread's root and mount namespace become its own. What the host unmounts goes away here too.
result<void> leave_host() {
  if (::unshare(CLONE_FS | CLONE_NEWNS) != 0) return fail_errno(errno, "a mount namespace of one's own");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) return fail_errno(errno, "receive mounts alone");
  return {};
}

// -- the root itself ---------------------------------------------------------------------------------------------------

/// A copy of the mount that the other mount namespace has as its root, without what is mounted in it.
result<unique_fd> copy_of_root(const unique_fd& other) {
  const unique_fd own(::open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC));
  if (!own) return fail_errno(errno, "open the mount namespace");
  if (::setns(other.get(), CLONE_NEWNS) != 0) return fail_errno(errno, "visit the container's mount namespace");
  unique_fd copy(::open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  const int why = errno;
  if (::setns(own.get(), CLONE_NEWNS) != 0) return fail_errno(errno, "return from the container's mount namespace");
  if (!copy) return fail_errno(why, "copy the container's root");
  return copy;
}

result<void> attach_running(const root_plan& plan, const std::string& target) {
  const unique_fd other(::open(fmt::format("/proc/{}/ns/mnt", plan.init).c_str(), O_RDONLY | O_CLOEXEC));
  const auto start = sys::process_start_time(plan.init);
  if (!other || !start || *start != plan.start_time)
    return fail(errc::failed_precondition, "its process {} has just ended; try again", plan.init);
  GANTRY_LET(const auto copy, copy_of_root(other));
  struct statfs what {};
  if (::fstatfs(copy.get(), &what) != 0) return fail_errno(errno, "look at the container's root");
  // A container that may mount can put anything there: its own business, but none to copy files from and to.
  if (what.f_type != OVERLAYFS_SUPER_MAGIC)
    return fail(errc::failed_precondition, "something else was mounted over its root");
  if (::move_mount(copy.get(), "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
    return fail_errno(errno, "attach the container's root");
  return {};
}

result<void> attach_layers(const monitor::rootfs& layers, const std::string& target) {
  sys::overlay_plan plan;
  plan.lower = layers.lower;
  plan.upper = layers.upper;
  plan.work = layers.work;
  plan.target = target;
  plan.volatile_upper = layers.volatile_upper;
  if (plan.upper.empty()) { // overlayfs wants one; of what is written there, mount points, nothing stays
    plan.memory = scratch_bytes;
    plan.upper = target + "/proc/upper";
    plan.work = target + "/proc/work";
  }
  return sys::mount_overlay(plan);
}

// -- what is mounted in it -----------------------------------------------------------------------------------------------

/// The mount point, made if it is missing: a folder, or a file for a file.
result<unique_fd> mount_point(const rooted_dir& root, const std::string& target, bool is_folder) {
  auto found = root.open_at(target, O_PATH);
  if (found || found.error().os_errno != ENOENT) return found;
  if (is_folder) return root.make_directories(target, 0755);
  const auto slash = target.rfind('/');
  GANTRY_TRY(root.make_directories(target.substr(0, slash), 0755));
  GANTRY_TRY(root.open_at(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644));
  return root.open_at(target, O_PATH | O_NOFOLLOW);
}

result<void> restrict(int mount, std::uint64_t attributes, unsigned recursive) {
  mount_attr wanted{};
  wanted.attr_set = attributes;
  wanted.propagation = MS_PRIVATE;
  if (::mount_setattr(mount, "", AT_EMPTY_PATH | recursive, &wanted, sizeof wanted) != 0)
    return fail_errno(errno, "set a mount's attributes");
  return {};
}

/// An image's layers, at the place itself: with this thread's mount namespace the overlay ends, too.
result<void> attach_image(const rooted_dir& root, const resolved_mount& mount) {
  GANTRY_LET(const auto place, mount_point(root, mount.target, true));
  const auto options = "lowerdir=" + sys::overlay_lower(mount.layers) + ",index=off,redirect_dir=off,metacopy=off";
  const auto target = fmt::format("/proc/thread-self/fd/{}", place.get());
  if (::mount("overlay", target.c_str(), "overlay", MS_RDONLY, options.c_str()) != 0)
    return fail_errno(errno, "mount the image {} at {}", mount.source, mount.target);
  return {};
}

result<void> attach(const rooted_dir& root, resolved_mount mount) {
  if (mount.type == "image" && mount.layers.size() != 1) return attach_image(root, mount);
  if (mount.type == "image") mount.source = mount.layers.front();
  GANTRY_LET(const auto source, sys::open_part(mount.source, mount.type == "volume" ? mount.sub_path : ""));
  struct stat status {};
  if (::fstat(source.get(), &status) != 0) return fail_errno(errno, "its mount {}", mount.source);
  GANTRY_LET(const auto place, mount_point(root, mount.target, S_ISDIR(status.st_mode)));
  GANTRY_LET(const auto copy, sys::mount_copy(source.get(), mount.source, sys::reach::all_below));
  GANTRY_TRY(restrict(copy.get(), 0, AT_RECURSIVE));
  if (mount.read_only)
    GANTRY_TRY(restrict(copy.get(), MOUNT_ATTR_RDONLY, mount.recursive_read_only ? AT_RECURSIVE : 0));
  if (::move_mount(copy.get(), "", place.get(), "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0)
    return fail_errno(errno, "mount {} at {}", mount.source, mount.target);
  return {};
}

result<void> attach_all(const rooted_dir& root, std::vector<resolved_mount> mounts) {
  auto depth = [](const resolved_mount& m) { return std::count(m.target.begin(), m.target.end(), '/'); };
  std::stable_sort(mounts.begin(), mounts.end(), [&](const auto& a, const auto& b) { return depth(a) < depth(b); });
  for (const auto& mount : mounts)
    if (mount.type == "bind" || mount.type == "volume" || mount.type == "image") GANTRY_TRY(attach(root, mount));
  return {};
}

/// On a thread of its own, whose mount namespace ends with it.
result<unique_fd> assemble(const root_plan& plan) {
  GANTRY_TRY(leave_host());
  // An empty folder of the engine's own, below all layers: hidden here alone.
  const auto& target = plan.layers.lower.front();
  GANTRY_TRY(plan.init != 0 ? attach_running(plan, target) : attach_layers(plan.layers, target));
  GANTRY_LET(const auto root, rooted_dir::open(target));
  GANTRY_TRY(attach_all(root, plan.mounts));
  if (plan.read_only) GANTRY_TRY(restrict(root.fd(), MOUNT_ATTR_RDONLY, 0));
  unique_fd tree(::open_tree(AT_FDCWD, target.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
  if (!tree) return fail_errno(errno, "copy the mounts");
  GANTRY_TRY(restrict(tree.get(), MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, AT_RECURSIVE));
  return tree;
}

} // namespace

result<rooted_dir> mount_root(const root_plan& plan) {
  result<unique_fd> tree = fail(errc::internal, "a root of no layers");
  if (!plan.layers.lower.empty()) std::thread([&] { tree = assemble(plan); }).join();
  if (!tree) return within(std::move(tree.error()), "the container's root");
  return rooted_dir(std::move(*tree));
}

} // namespace gantry::rootfs
