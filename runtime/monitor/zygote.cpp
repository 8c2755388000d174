#include "runtime/monitor/zygote.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "runtime/monitor/descriptor_passing.hpp"
#include "runtime/monitor/protocol/messages.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::monitor {
namespace {

constexpr int zygote_socket = 3;

/// The answer to one plan.
struct spawned {
  std::int32_t pid = -1;
  std::int32_t os_errno = 0;
};

/// This program's own image in memory that nobody can change: an upgrade on disk, or a container that got hold of
/// /proc/<pid>/exe, does not reach it.
result<sys::unique_fd> sealed_copy_of_self() {
  sys::unique_fd self(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  if (!self) return fail_errno(errno, "open /proc/self/exe");
  sys::unique_fd copy(::memfd_create("gantry-zygote", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!copy) return fail_errno(errno, "memfd_create");
  struct stat status {};
  if (::fstat(self.get(), &status) != 0) return fail_errno(errno, "stat of the program");
  for (auto left = status.st_size; left > 0;) {
    auto moved = ::sendfile(copy.get(), self.get(), nullptr, static_cast<std::size_t>(left));
    if (moved <= 0) return fail_errno(errno, "copy the program into memory");
    left -= moved;
  }
  if (::fcntl(copy.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
    return fail_errno(errno, "seal the program");
  return copy;
}

struct spawn_settings {
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
  spawn_settings() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    // Children inherit these: no signal blocked, none ignored.
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~spawn_settings() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  spawn_settings(const spawn_settings&) = delete;
  spawn_settings& operator=(const spawn_settings&) = delete;
};

/// Reads one plan of the stream: {u32 length} and its bytes, the descriptors with the first. Empty when the monitor
/// has closed.
result<received> read_plan(int socket) {
  GANTRY_LET(auto head, receive_with_descriptors(socket, sizeof(std::uint32_t), MSG_WAITALL));
  if (head.bytes.size() < sizeof(std::uint32_t)) return received{};
  std::uint32_t length = 0;
  std::memcpy(&length, head.bytes.data(), sizeof length);
  if (length > max_frame_bytes) return fail(errc::corrupt, "zygote: a plan of {} bytes", length);
  head.bytes.resize(length);
  for (std::size_t at = 0; at < length;) {
    auto got = ::read(socket, head.bytes.data() + at, length - at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return received{};
    at += static_cast<std::size_t>(got);
  }
  return head;
}

/// Makes the child. CLONE_PARENT: its parent is the monitor, which gets its SIGCHLD (clone(2)).
spawned make_child(const received& from) {
  clone_args arguments{};
  arguments.flags = CLONE_PARENT;
  auto pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) return {-1, errno};
  if (pid > 0) return {static_cast<std::int32_t>(pid), 0};
  auto plan = decode_child_plan(from.bytes);
  if (!plan) ::_exit(127);
  std::vector<int> descriptors;
  for (const auto& fd : from.descriptors) descriptors.push_back(fd.get());
  carry_out(*plan, descriptors);
}

} // namespace

result<zygote> zygote::start() {
  GANTRY_LET(auto program, sealed_copy_of_self());
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno(errno, "socketpair");
  sys::unique_fd ours(ends[0]), theirs(ends[1]);
  spawn_settings settings;
  ::posix_spawn_file_actions_addopen(&settings.actions, 0, "/dev/null", O_RDWR, 0);
  ::posix_spawn_file_actions_adddup2(&settings.actions, theirs.get(), zygote_socket);
  auto path = "/proc/self/fd/" + std::to_string(program.get());
  char name[] = "gantry-zygote", argument[] = "--zygote";
  char* argv[] = {name, argument, nullptr};
  pid_t pid = -1;
  if (int failed = ::posix_spawn(&pid, path.c_str(), &settings.actions, &settings.attributes, argv, environ);
      failed != 0)
    return fail_errno(failed, "start the zygote");
  return zygote(std::move(ours), pid);
}

result<pid_t> zygote::spawn(const child_plan& plan, const std::vector<int>& descriptors) {
  auto bytes = encode(plan);
  auto length = static_cast<std::uint32_t>(bytes.size());
  bytes.insert(0, reinterpret_cast<const char*>(&length), sizeof length);
  if (auto sent = send_with_descriptors(socket_.get(), bytes, descriptors); !sent)
    return fail(errc::unavailable, "the zygote is gone: {}", sent.error().message);
  spawned answer;
  ssize_t got = 0;
  do got = ::recv(socket_.get(), &answer, sizeof answer, MSG_WAITALL);
  while (got < 0 && errno == EINTR);
  if (got != sizeof answer) return fail(errc::unavailable, "the zygote is gone");
  if (answer.pid < 0) return fail_errno(answer.os_errno, "make a process");
  return answer.pid;
}

int zygote_main() {
  ::prctl(PR_SET_NAME, "gantry-zygote");
  // Inherited by the children until execve: another process cannot read what they hold for a container.
  ::prctl(PR_SET_DUMPABLE, 0);
  for (;;) {
    auto plan = read_plan(zygote_socket);
    if (!plan || plan->bytes.empty()) return plan ? 0 : 1;
    auto answer = make_child(*plan);
    plan->descriptors.clear();
    if (!sys::write_all(zygote_socket, {reinterpret_cast<const char*>(&answer), sizeof answer})) return 1;
  }
}

} // namespace gantry::monitor
