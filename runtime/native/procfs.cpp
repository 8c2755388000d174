#include "runtime/native/procfs.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/native/mount_flags.hpp"

namespace gantry::native {

result<sys::unique_fd> open_procfs() {
  sys::unique_fd fd(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct statfs fs {};
  if (!fd || ::fstatfs(fd.get(), &fs) != 0) return fail_errno(errno, "open /proc");
  if (fs.f_type != proc_magic) return fail(errc::failed_precondition, "/proc is not a procfs");
  return fd;
}

result<std::string> own_name_in(int procfs) {
  char name[32] = {};
  if (::readlinkat(procfs, "self", name, sizeof name - 1) < 0) return fail_errno(errno, "read /proc/self");
  return std::string(name);
}

result<sys::unique_fd> detached_procfs() {
  const sys::unique_fd context(::fsopen("proc", FSOPEN_CLOEXEC));
  if (!context || ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return fail_errno(errno, "make a procfs");
  sys::unique_fd mounted(
      ::fsmount(context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
  if (!mounted) return fail_errno(errno, "mount a procfs");
  return mounted;
}

result<void> write_below(int procfs, const std::string& name, std::string_view value) {
  open_how how{};
  how.flags = O_WRONLY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
  const sys::unique_fd fd(static_cast<int>(::syscall(SYS_openat2, procfs, name.c_str(), &how, sizeof how)));
  if (!fd) return fail_errno(errno, "open /proc/{}", name);
  if (::write(fd.get(), value.data(), value.size()) < 0)
    return fail_errno(errno, "write \"{}\" to /proc/{}", value, name);
  return {};
}

} // namespace gantry::native
