#include "runtime/monitor/process_handle.hpp"

#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace gantry::monitor {
namespace {

/// struct pidfd_info of Linux 6.15 (include/uapi/linux/pidfd.h), which older headers lack.
struct pidfd_info {
  std::uint64_t mask = 0;
  std::uint64_t cgroup_id = 0;
  std::uint32_t pid = 0, tgid = 0, ppid = 0, ruid = 0, rgid = 0, euid = 0, egid = 0, suid = 0, sgid = 0, fsuid = 0,
                fsgid = 0;
  std::int32_t exit_code = 0;
};
static_assert(sizeof(pidfd_info) == 64, "the kernel takes the size from the ioctl's number");
constexpr unsigned long pidfd_get_info = _IOWR(0xFF, 11, pidfd_info);
constexpr std::uint64_t pidfd_info_exit = 1U << 3U;

} // namespace

result<sys::unique_fd> open_process(std::int32_t pid) {
  sys::unique_fd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!fd) return fail_errno(errno, "open process {}", pid);
  return fd;
}

result<void> send_signal(int pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0) return {};
  if (errno == EINVAL) return fail(errc::invalid_argument, "there is no signal {}", signal);
  return fail_errno(errno, "send signal {}", signal);
}

std::optional<int> exit_code_by_handle(int pidfd) {
  pidfd_info info;
  info.mask = pidfd_info_exit;
  if (::ioctl(pidfd, pidfd_get_info, &info) != 0 || (info.mask & pidfd_info_exit) == 0) return std::nullopt;
  return WIFEXITED(info.exit_code) ? WEXITSTATUS(info.exit_code) : 128 + WTERMSIG(info.exit_code);
}

} // namespace gantry::monitor
