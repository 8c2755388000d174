#include "runtime/sys/borrowed_mount.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>

#include "runtime/sys/unique_fd.hpp"

namespace gantry::sys {
namespace {

result<unique_fd> open_namespace(const std::string& path) {
  unique_fd opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened) return fail_errno(errno, "open the mount namespace {}", path);
  return opened;
}

} // namespace

result<void> mount_borrowed(const borrowed_mount& what) {
  if (::mkdir(what.target.c_str(), 0755) != 0 && errno != EEXIST) return fail_errno(errno, "create {}", what.target);
  const unique_fd place(::open(what.target.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!place) return fail_errno(errno, "open {}", what.target);
  GANTRY_LET(const auto own, open_namespace("/proc/self/ns/mnt"));
  GANTRY_LET(const auto other, open_namespace(what.mount_namespace));
  if (::setns(other.get(), CLONE_NEWNS) != 0) return fail_errno(errno, "visit {}", what.mount_namespace);
  const unique_fd copy(::open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  const int why = errno;
  if (::setns(own.get(), CLONE_NEWNS) != 0) return fail_errno(errno, "return to the mount namespace");
  if (!copy) return fail_errno(why, "copy the root of {}", what.mount_namespace);
  if (::move_mount(copy.get(), "", place.get(), "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0)
    return fail_errno(errno, "mount at {}", what.target);
  return {};
}

} // namespace gantry::sys
