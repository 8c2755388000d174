#include "tests/runtime/spec/host_program.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/sys/files.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::test {
namespace {

std::string content_of(int fd) {
  std::string text(1 << 20, '\0');
  const auto size = ::pread(fd, text.data(), text.size(), 0);
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return text;
}

std::vector<char*> pointers(std::vector<std::string>& list) {
  std::vector<char*> raw;
  for (auto& one : list) raw.push_back(one.data());
  raw.push_back(nullptr);
  return raw;
}

} // namespace

monitor::process_result run(const monitor::run_process& request) {
  // Memory files rather than pipes: nothing to pump, so nothing to deadlock.
  const sys::unique_fd in(::memfd_create("in", MFD_CLOEXEC)), out(::memfd_create("out", MFD_CLOEXEC)),
      err(::memfd_create("err", MFD_CLOEXEC));
  (void)sys::write_all(in.get(), request.input);
  ::lseek(in.get(), 0, SEEK_SET);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in.get(), 0);
  ::posix_spawn_file_actions_adddup2(&actions, out.get(), 1);
  ::posix_spawn_file_actions_adddup2(&actions, err.get(), 2);
  auto argv = request.argv, env = request.env;
  pid_t pid = 0;
  const int problem =
      ::posix_spawnp(&pid, argv[0].c_str(), &actions, nullptr, pointers(argv).data(), pointers(env).data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (problem != 0) return {127, "", "cannot run " + argv[0]};
  int status = 0;
  ::waitpid(pid, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), content_of(out.get()),
          content_of(err.get())};
}

monitor::process_result run(std::vector<std::string> argv) {
  monitor::run_process request;
  request.argv = std::move(argv);
  request.env = {"PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"};
  return run(request);
}

} // namespace gantry::test
