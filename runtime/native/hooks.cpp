#include "runtime/native/hooks.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "runtime/sys/exec_pointers.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::native {
namespace {

[[noreturn]] void execute(const hook& one, int input) {
  ::dup2(input, 0);
  ::syscall(SYS_close_range, 3U, ~0U, 0);
  ::signal(SIGPIPE, SIG_DFL);
  auto args = one.args.empty() ? std::vector<std::string>{one.path} : one.args;
  ::execve(one.path.c_str(), sys::pointers_to(args).data(), sys::pointers_to(one.env).data());
  ::_exit(127);
}

result<int> wait_for(pid_t pid, std::uint32_t timeout_seconds) {
  const sys::unique_fd handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  pollfd ended{handle.get(), POLLIN, 0};
  const int limit =
      timeout_seconds == 0 ? -1 : static_cast<int>(std::min<std::uint32_t>(timeout_seconds, 1'000'000) * 1000);
  int ready = 0;
  do ready = ::poll(&ended, 1, limit);
  while (ready < 0 && errno == EINTR);
  if (ready == 0) ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (ready == 0) return fail(errc::timeout, "killed after {} s", timeout_seconds);
  return status;
}

/// A hook need not read its input.
void write_unread(int to, const std::string& text) {
  struct sigaction ignore {
  }, before{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
  (void)sys::write_all(to, text);
  ::sigaction(SIGPIPE, &before, nullptr);
}

result<void> run(const hook& one, const std::string& state_json) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  sys::unique_fd reading(ends[0]), writing(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno(errno, "fork");
  if (pid == 0) execute(one, reading.get());
  reading.reset();
  write_unread(writing.get(), state_json);
  writing.reset();
  GANTRY_LET(const int status, wait_for(pid, one.timeout_seconds));
  if (WIFSIGNALED(status)) return fail(errc::unavailable, "ended by signal {}", WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) return fail(errc::unavailable, "exit status {}", WEXITSTATUS(status));
  return {};
}

} // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out.append({'\\', c});
    else if (byte < 0x20)
      out += fmt::format("\\u{:04x}", byte);
    else
      out.push_back(c);
  }
  return out + "\"";
}

std::string to_json(const container_state& state) {
  auto out = fmt::format(R"({{"ociVersion":"1.0.2-dev","id":{},"status":{})", json_string(state.id),
                         json_string(state.status));
  if (state.pid > 0) out += fmt::format(R"(,"pid":{})", state.pid);
  out += R"(,"bundle":)" + json_string(state.bundle);
  if (!state.annotations.empty()) {
    out += R"(,"annotations":{)";
    for (const auto& one : state.annotations)
      out += (out.back() == '{' ? "" : ",") + json_string(one.key) + ":" + json_string(one.value);
    out += "}";
  }
  return out + "}";
}

result<void> run_hooks(const std::vector<hook>& hooks, const char* kind, const std::string& state_json) {
  for (std::size_t at = 0; at < hooks.size(); ++at)
    if (auto ran = run(hooks[at], state_json); !ran)
      return within(ran.error(), "error running {} hook #{} ({})", kind, at, hooks[at].path);
  return {};
}

std::vector<std::string> run_all_hooks(const std::vector<hook>& hooks, const char* kind,
                                       const std::string& state_json) {
  std::vector<std::string> failed;
  for (const auto& one : hooks)
    if (const auto ran = run(one, state_json); !ran)
      failed.push_back(fmt::format("{} hook {}: {}", kind, one.path, ran.error().message));
  return failed;
}

} // namespace gantry::native
