#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>
#include <vector>

#include "runtime/sys/exec_pointers.hpp"
#include "runtime/sys/files.hpp"
#include "tools/gantry/daemon/endpoint.hpp"

namespace gantry::cli {

namespace {

using clock = std::chrono::steady_clock;
constexpr auto patience = std::chrono::seconds(10);
constexpr auto pause = std::chrono::milliseconds(20);
constexpr std::string_view start_mark = "--- gantry starts a daemon\n";
constexpr off_t log_limit = 512 << 10; ///< bytes; a log over it begins anew at the next start

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

std::string log_path(const endpoint& where) {
  return (where.run_dir.empty() ? folder_of(where.socket) : where.run_dir) + "/gantryd.log";
}

/// The daemon beside this program, so that a build folder uses its own; else the one in PATH.
std::string daemon_program() {
  std::string self(4096, '\0');
  auto size = ::readlink("/proc/self/exe", self.data(), self.size());
  if (size > 0) {
    self.resize(static_cast<std::size_t>(size));
    auto beside = folder_of(self) + "/gantryd";
    if (::access(beside.c_str(), X_OK) == 0) return beside;
  }
  return "gantryd";
}

std::vector<std::string> arguments_of(const endpoint& where) {
  std::vector<std::string> arguments{daemon_program(), "--host", "unix://" + where.socket, "--idle-exit", "30s"};
  if (!where.root.empty()) arguments.insert(arguments.end(), {"--root", where.root});
  if (!where.run_dir.empty()) arguments.insert(arguments.end(), {"--run-dir", where.run_dir});
  return arguments;
}

/// A session of its own and default signals, so that neither Ctrl-C nor the end of this program reaches it.
result<pid_t> spawn(const endpoint& where, int log) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, log, 1);
  ::posix_spawn_file_actions_adddup2(&files, log, 2);
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes,
                             static_cast<short>(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
  auto arguments = arguments_of(where);
  auto argv = sys::pointers_to(arguments);
  pid_t child = 0;
  auto status = ::posix_spawnp(&child, argv[0], &files, &attributes, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  if (status != 0)
    return fail_errno(status, "no daemon listens on {}, and {} could not be started", where.socket, arguments[0]);
  return child;
}

/// Whether the daemon answers /_ping, not only its socket: it listens before its recovery is done.
bool answers(const endpoint& where) {
  auto fd = connect_to(where);
  if (!fd) return false;
  constexpr std::string_view ping = "GET /_ping HTTP/1.0\r\nHost: gantry\r\n\r\n";
  if (::send(fd->get(), ping.data(), ping.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(ping.size())) return false;
  pollfd readable{fd->get(), POLLIN, 0};
  if (::poll(&readable, 1, 1000) != 1) return false;
  char head[16];
  auto got = ::recv(fd->get(), head, sizeof head, 0);
  return got >= 12 && std::string_view(head + 9, 3) == "200";
}

tl::unexpected<error> did_not_start(const endpoint& where, std::string_view why) {
  auto log = sys::read_file(log_path(where)).value_or("");
  // What earlier daemons wrote is not the reason: each begins with a line of ours.
  if (auto begin = log.rfind(start_mark); begin != std::string::npos) log.erase(0, begin + start_mark.size());
  if (log.size() > 2000) log = log.substr(log.size() - 2000);
  return fail(errc::timeout, "the daemon for {} {}; the end of {}:\n{}", where.socket, why, log_path(where), log);
}

result<void> start(const endpoint& where, clock::time_point deadline) {
  auto path = log_path(where);
  GANTRY_TRY(sys::make_directories(folder_of(path), 0755));
  sys::unique_fd log(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!log) return fail_errno(errno, "open {}", path);
  struct stat known {};
  if (::fstat(log.get(), &known) == 0 && known.st_size > log_limit) (void)!::ftruncate(log.get(), 0);
  GANTRY_TRY(sys::write_all(log.get(), start_mark));
  GANTRY_LET(auto child, spawn(where, log.get()));
  while (clock::now() < deadline) {
    if (answers(where)) return {};
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) == child) return did_not_start(where, "ended at once");
    std::this_thread::sleep_for(pause);
  }
  return did_not_start(where, "did not answer within 10 seconds");
}

/// Starts one under the lock, or waits until another who holds it has. The lock's file stays: to remove it would let
/// two hold "the" lock at once.
result<void> start_once(const endpoint& where) {
  GANTRY_TRY(sys::make_directories(folder_of(where.socket), 0755));
  auto path = where.socket + ".lock";
  sys::unique_fd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock) return fail_errno(errno, "open {}", path);
  auto deadline = clock::now() + patience;
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (answers(where)) return {};
    if (clock::now() >= deadline)
      return did_not_start(where, "is being started by another, and did not answer within 10 seconds");
    std::this_thread::sleep_for(pause);
  }
  if (answers(where)) return {};
  return start(where, clock::now() + patience);
}

} // namespace

result<sys::unique_fd> connect_or_start(const endpoint& where) {
  auto connected = connect_to(where);
  if (connected) return connected;
  if (connected.error().code == errc::denied)
    return fail(errc::denied,
                "{} may be used by root and the socket's group alone: run gantry as root, for example with sudo",
                where.socket);
  if (connected.error().code != errc::unavailable) return connected;
  if (::geteuid() != 0)
    return fail(errc::denied,
                "no daemon listens on {}, and starting one takes root: run gantry as root, for example with sudo",
                where.socket);
  GANTRY_TRY(start_once(where));
  return connect_to(where);
}

} // namespace gantry::cli
