#include "runtime/native/root_tree.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/native/id_maps.hpp"
#include "runtime/native/mount_flags.hpp"
#include "runtime/native/mount_parts.hpp"

namespace gantry::native {
namespace {

constexpr unsigned clone_tree = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;

/// Makes the mount that holds `path` private: what is attached below it would else appear on the host.
result<void> privatize_mount_of(std::string path) {
  for (;;) {
    if (::mount(nullptr, path.c_str(), nullptr, MS_PRIVATE, nullptr) == 0) return {};
    if (errno != EINVAL) return fail_errno(errno, "make the mount of {} private", path);
    if (path == "/") return {};
    const auto slash = path.rfind('/');
    path = slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
  }
}

result<sys::unique_fd> root_of(const container_plan& plan) {
  if (plan.overlay) {
    GANTRY_LET(auto made, sys::detached_overlay(*plan.overlay));
    if (made) return made;
    auto at = *plan.overlay; // an older kernel: by mount(2), in this namespace alone
    at.target = plan.root;
    GANTRY_TRY(sys::mount_overlay(at));
  }
  sys::unique_fd tree(::open_tree(AT_FDCWD, plan.root.c_str(), clone_tree | AT_RECURSIVE));
  if (!tree) return fail_errno(errno, "root {}", plan.root);
  return tree;
}

bool is_null_device(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}

/// The container's /dev/null when it is one, else the host's: never what an image put in its place.
result<sys::unique_fd> null_device(const root_tree& tree) {
  auto own = tree.root.open_at("/dev/null", O_PATH | O_NOFOLLOW);
  if (own && is_null_device(own->get())) return own;
  sys::unique_fd host(::open("/dev/null", O_PATH | O_CLOEXEC));
  if (!host || !is_null_device(host.get())) return fail(errc::failed_precondition, "there is no /dev/null");
  return host;
}

/// One empty read-only tmpfs that all masked folders share: nobody can write to it.
result<sys::unique_fd> empty_folder() {
  const sys::unique_fd context(::fsopen("tmpfs", FSOPEN_CLOEXEC));
  if (!context || ::fsconfig(context.get(), FSCONFIG_SET_STRING, "source", "tmpfs", 0) != 0 ||
      ::fsconfig(context.get(), FSCONFIG_SET_FLAG, "ro", nullptr, 0) != 0 ||
      ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return fail_errno(errno, "make a tmpfs");
  sys::unique_fd mounted(::fsmount(context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY));
  if (!mounted) return fail_errno(errno, "mount a tmpfs");
  return mounted;
}

/// Nothing when the path does not exist in the container.
result<sys::unique_fd> find_path(const root_tree& tree, const std::string& path) {
  auto found = tree.root.open_at(path, O_PATH);
  if (found) return found;
  const int why = found.error().os_errno;
  if (why == ENOENT || why == ENOTDIR) return sys::unique_fd();
  return found;
}

struct masks {
  sys::unique_fd folder, null;
};

result<void> mask_path(const root_tree& tree, const std::string& path, masks& with) {
  GANTRY_LET(const auto target, find_path(tree, path));
  if (!target) return {};
  struct stat status {};
  if (::fstat(target.get(), &status) != 0) return fail_errno(errno, "stat {}", path);
  const bool folder = S_ISDIR(status.st_mode);
  auto& source = folder ? with.folder : with.null;
  if (!source) {
    GANTRY_LET(source, folder ? empty_folder() : null_device(tree));
    // The first place gets the mount itself: to close one that is nowhere costs the kernel a grace period of RCU.
    if (folder) return attach(source.get(), target.get(), path);
  }
  const sys::unique_fd copy(::open_tree(source.get(), "", clone_tree | AT_EMPTY_PATH));
  if (!copy) return fail_errno(errno, "mask {}", path);
  return attach(copy.get(), target.get(), path);
}

result<void> protect_path(const root_tree& tree, const std::string& path) {
  GANTRY_LET(const auto target, find_path(tree, path));
  if (!target) return {};
  const sys::unique_fd copy(::open_tree(target.get(), "", clone_tree | AT_EMPTY_PATH | AT_RECURSIVE));
  if (!copy) return fail_errno(errno, "make {} read-only", path);
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (::mount_setattr(copy.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes) != 0)
    return fail_errno(errno, "make {} read-only", path);
  return attach(copy.get(), target.get(), path);
}

result<void> make_read_only(int mount, const char* name) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (::mount_setattr(mount, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0)
    return fail_errno(errno, "make {} read-only", name);
  return {};
}

} // namespace

result<void> attach(int tree, int target, const std::string& name) {
  if (::move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0)
    return fail_errno(errno, "mount at {}", name);
  return {};
}

result<sys::unique_fd> open_or_make(const sys::rooted_dir& root, const std::string& path, missing what) {
  auto found = root.open_at(path, O_PATH);
  if (found || found.error().os_errno != ENOENT) return found;
  if (what == missing::folder) return root.make_directories(path, 0755);
  const auto slash = path.rfind('/');
  GANTRY_LET(const auto parent, root.make_directories(path.substr(0, slash), 0755));
  const sys::unique_fd made(
      ::openat(parent.get(), path.c_str() + slash + 1, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0755));
  if (!made && errno != EEXIST) return fail_errno(errno, "create {}", path);
  return root.open_at(path, O_PATH);
}

result<void> detach_from_host(const container_plan& plan) {
  // Slave: what the host mounts later arrives, what is mounted here stays here.
  unsigned long flags = MS_SLAVE | MS_REC;
  if (plan.root_propagation != 0)
    flags = plan.root_propagation | (plan.root_propagation_recursive ? static_cast<unsigned long>(MS_REC) : 0UL);
  if (::mount(nullptr, "/", nullptr, flags, nullptr) != 0) return fail_errno(errno, "set the propagation of /");
  if (plan.root_propagation != 0) return privatize_mount_of(plan.root);
  return {};
}

result<sys::unique_fd> open_place_of_root(const container_plan& plan) {
  sys::unique_fd place(::open(plan.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!place) return fail_errno(errno, "root {}", plan.root);
  return place;
}

result<sys::unique_fd> make_root(const container_plan& plan) {
  if (plan.files) GANTRY_TRY(sys::mount_files(*plan.files));
  if (plan.shm) GANTRY_TRY(sys::mount_borrowed(*plan.shm));
  for (const auto& one : plan.mapped) GANTRY_TRY(mount_mapped(one));
  return root_of(plan);
}

result<root_tree> attach_made_root(sys::unique_fd root, int place, const container_plan& plan) {
  GANTRY_TRY(attach(root.get(), place, plan.root));
  return root_tree{sys::rooted_dir(std::move(root)), {}};
}

result<void> close_paths(const root_tree& tree, const container_plan& plan) {
  if (tree.dev_read_only) {
    GANTRY_LET(const auto dev, tree.root.open_at("/dev", O_PATH));
    GANTRY_TRY(make_read_only(dev.get(), "/dev"));
  }
  for (const auto& path : plan.read_only) GANTRY_TRY(protect_path(tree, path));
  masks with;
  for (const auto& path : plan.masked) GANTRY_TRY(mask_path(tree, path, with));
  if (plan.root_read_only) return make_read_only(tree.root.fd(), "the root");
  return {};
}

result<void> enter_root(const root_tree& tree, const container_plan& plan) {
  const sys::unique_fd old(plan.root_propagation != 0 ? ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1);
  if (::fchdir(tree.root.fd()) != 0) return fail_errno(errno, "enter the root");
  // Both names the same: the old root comes to lie on the new one, from where it is taken (pivot_root(2), Notes).
  if (::syscall(SYS_pivot_root, ".", ".") != 0) return fail_errno(errno, "pivot_root");
  if (old) {
    // Shared with the host still: its unmounting must not travel there.
    if (::fchdir(old.get()) != 0 || ::mount(nullptr, ".", nullptr, MS_SLAVE | MS_REC, nullptr) != 0)
      return fail_errno(errno, "detach the host's mounts");
  }
  if (::umount2(".", MNT_DETACH) != 0) return fail_errno(errno, "unmount the host's root");
  if (::chdir("/") != 0) return fail_errno(errno, "chdir to /");
  // The root's own, once nothing of the host's is above it: mounts below it have theirs.
  return set_propagation_of(tree.root.fd(), plan.root_propagation, false);
}

} // namespace gantry::native
