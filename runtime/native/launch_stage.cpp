#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>

#include "runtime/native/joined_namespaces.hpp"
#include "runtime/native/launch_child.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::native {
namespace {

/// The process of a pidfd, as this process's PID namespace counts (pidfd_open(2), fdinfo).
result<pid_t> pid_of(int pidfd) {
  const auto path = "/proc/self/fdinfo/" + std::to_string(pidfd);
  GANTRY_LET(const auto text, sys::read_file(path, 4096));
  const auto at = text.find("\nPid:");
  auto digits = std::string_view(text).substr(at == std::string::npos ? text.size() : at + 5);
  digits.remove_prefix(std::min(digits.find_first_not_of(" \t"), digits.size()));
  pid_t pid = -1;
  std::from_chars(digits.data(), digits.data() + digits.size(), pid);
  if (pid <= 0) return fail(errc::internal, "{} names no process", path);
  return pid;
}

/// Of a sibling, which another reaps, too.
void wait_for_end(const started& stage, const launch_options& options) {
  pollfd ended{stage.pidfd.get(), POLLIN, 0};
  while (::poll(&ended, 1, -1) < 0 && errno == EINTR) {
  }
  if (options.sibling) return;
  while (::waitpid(stage.pid, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

/// The stage's part. It returns in the init (pid 0) and with errors, and else ends the process. The descriptors are the
/// caller's too: none is closed here.
result<started> make_init(std::uint64_t flags, const std::vector<opened_namespace>& joined, int told) {
  leave_caller();
  GANTRY_TRY(join_namespaces(joined));
  launch_options as_sibling; // in the stage's cgroup by birth
  as_sibling.sibling = true;
  GANTRY_LET(auto init, clone_process(flags, as_sibling));
  if (init.pid == 0) return init;
  const int pidfd = init.pidfd.release();
  (void)!::write(told, &pidfd, sizeof pidfd);
  ::_exit(0);
}

} // namespace

result<started> clone_through_stage(std::uint64_t flags, const std::vector<opened_namespace>& joined,
                                    const launch_options& options) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  sys::unique_fd reading(ends[0]), writing(ends[1]);
  GANTRY_LET(auto stage, clone_process(CLONE_FILES, options));
  if (stage.pid == 0) {
    auto init = make_init(flags, joined, writing.get());
    if (init) return init;
    give_up(writing.get(), init.error());
  }
  wait_for_end(stage, options);
  writing.reset();
  GANTRY_LET(const auto told, sys::read_all(reading.get(), 1 << 16, "the stage's pipe"));
  started init;
  int pidfd = -1;
  if (told.size() != sizeof pidfd) {
    GANTRY_TRY(outcome_of(told));
    return fail(errc::internal, "the process that joins namespaces is gone");
  }
  std::copy_n(told.data(), sizeof pidfd, reinterpret_cast<char*>(&pidfd));
  init.pidfd.reset(pidfd);
  GANTRY_LET(init.pid, pid_of(pidfd));
  return init;
}

} // namespace gantry::native
