#include "runtime/native/main/host.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/sys/sealed_program.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::oci_program {
namespace {

bool is_safe(int self) {
  struct statvfs fs {};
  if (::fstatvfs(self, &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0) return true;
  return ::fcntl(self, F_GET_SEALS) == sys::all_seals;
}

} // namespace

result<void> protect_own_file(char** argv) {
  const sys::unique_fd self(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  if (!self) return fail_errno(errno, "open /proc/self/exe");
  if (is_safe(self.get())) return {};
  // The mount lives as long as a process runs from it.
  const sys::unique_fd mounted(::open_tree(AT_FDCWD, "/proc/self/exe", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (mounted && ::mount_setattr(mounted.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) == 0)
    ::execveat(mounted.get(), "", argv, environ, AT_EMPTY_PATH);
  GANTRY_LET(const auto copy, sys::sealed_copy(self.get(), "gantry-oci"));
  ::fexecve(copy.get(), argv, environ);
  return fail_errno(errno, "execute a copy of the program");
}

} // namespace gantry::oci_program
