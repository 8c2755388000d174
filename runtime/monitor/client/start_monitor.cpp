#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "runtime/monitor/client/monitor_client.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/spawn_settings.hpp"

namespace gantry::monitor {
namespace {

constexpr int start_milliseconds = 5000;
constexpr int ready_fd = 3;

std::string file_of(const location& at, const char* suffix) {
  return at.run_dir + "/monitor/" + std::to_string(at.index) + suffix;
}

result<pid_t> spawn_monitor(const location& at, int ready) {
  // A session of its own: the terminal's signals and the end of the engine's session do not reach it. And the policy
  // that the attributes begin with, SCHED_OTHER: containers must not have this thread's.
  sys::spawn_settings with(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSCHEDULER);
  auto log = file_of(at, ".log");
  ::posix_spawn_file_actions_addopen(&with.actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&with.actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::posix_spawn_file_actions_adddup2(&with.actions, 1, 2);
  ::posix_spawn_file_actions_adddup2(&with.actions, ready, ready_fd);
  // What else this process has open without close-on-exec (a library's, say) does not go along.
  ::posix_spawn_file_actions_addclosefrom_np(&with.actions, ready_fd + 1);
  ::posix_spawn_file_actions_addchdir_np(&with.actions, "/");
  auto index = std::to_string(at.index), fd = std::to_string(ready_fd), niceness = std::to_string(at.niceness);
  std::string words[] = {at.program,   "--run-dir", at.run_dir,   "--index", index,
                         "--ready-fd", fd,          "--niceness", niceness};
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = -1;
  int failed = ::posix_spawn(&pid, at.program.c_str(), &with.actions, &with.attributes, argv.data(), environ);
  if (failed != 0) return fail_errno(failed, "start {}", at.program);
  return pid;
}

std::string last_words(const std::string& log) {
  auto text = sys::read_file(log, 1 << 20);
  if (!text || text->empty()) return "it said nothing";
  text->pop_back();
  return text->substr(text->rfind('\n') + 1);
}

} // namespace

std::string socket_path(const location& at) { return file_of(at, ".sock"); }

result<void> start(const location& at) {
  GANTRY_TRY(sys::make_directories(at.run_dir + "/monitor", 0700));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  sys::unique_fd ours(ends[0]), theirs(ends[1]);
  auto pid = spawn_monitor(at, theirs.get());
  if (!pid) return fail(errc::unavailable, "{}", pid.error().message);
  theirs.reset();
  pollfd ready{ours.get(), POLLIN, 0};
  int polled = 0;
  do polled = ::poll(&ready, 1, start_milliseconds);
  while (polled < 0 && errno == EINTR);
  char byte = 0;
  if (polled == 1 && ::read(ours.get(), &byte, 1) == 1) return {};
  ::kill(*pid, SIGKILL); // it is our child and not reaped: no other process can have this pid
  ::waitpid(*pid, nullptr, 0);
  return fail(errc::unavailable, "the monitor did not start: {}", last_words(file_of(at, ".log")));
}

} // namespace gantry::monitor
