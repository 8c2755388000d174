#include "tools/gantry/commands/registry_auth.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>

#include "runtime/sys/files.hpp"
#include "store/registry/base64.hpp"
#include "store/registry/docker_config.hpp"
#include "tools/gantry/format/json.hpp"

namespace gantry::cli {

namespace {

constexpr std::chrono::seconds patience{60};
constexpr std::size_t max_answer = 1 << 20;

/// Reads to the end of the stream. Errors: timeout; exhausted over the bound.
result<std::string> read_all(int fd) {
  std::string all;
  auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd readable{fd, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&readable, 1, static_cast<int>(left.count())) == 0)
      return fail(errc::timeout, "it did not answer within {} s", patience.count());
    char part[4096];
    auto got = ::read(fd, part, sizeof part);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "read its answer");
    if (got == 0) return all;
    all.append(part, static_cast<std::size_t>(got));
    if (all.size() > max_answer) return fail(errc::exhausted, "its answer is over {} bytes", max_answer);
  }
}

struct pipe_ends {
  sys::unique_fd read, write;
};

result<pipe_ends> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  return pipe_ends{sys::unique_fd(ends[0]), sys::unique_fd(ends[1])};
}

/// Starts `program get`; its stderr is ours, where it may say what it misses.
result<pid_t> start_helper(const std::string& program, int input, int output) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, input, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, 1);
  char verb[] = "get";
  char* argv[] = {const_cast<char*>(program.c_str()), verb, nullptr}; // posix_spawn(3) does not write
  pid_t pid = -1;
  int failed = ::posix_spawnp(&pid, program.c_str(), &actions, nullptr, argv, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return fail_errno(failed, "start it");
  return pid;
}

/// github.com/docker/docker-credential-helpers, "Development": the server on stdin, JSON on stdout.
result<std::string> ask(const std::string& program, const std::string& server) {
  GANTRY_LET(auto input, make_pipe());
  GANTRY_LET(auto output, make_pipe());
  GANTRY_TRY(sys::write_all(input.write.get(), server)); // shorter than a pipe is deep
  input.write.reset();
  GANTRY_LET(auto pid, start_helper(program, input.read.get(), output.write.get()));
  output.write.reset();
  auto answer = read_all(output.read.get());
  if (!answer) ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  GANTRY_TRY(answer);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return fail(errc::unavailable, "{}", answer->substr(0, std::min<std::size_t>(answer->find('\n'), 512)));
  return answer;
}

/// A helper that does not know the server is no failure: its words are fixed by the protocol.
result<std::string> run_helper(const std::string& helper, const std::string& server) {
  auto program = "docker-credential-" + helper;
  auto answer = ask(program, server);
  if (answer) return answer;
  if (answer.error().message.find("credentials not found") != std::string::npos) return std::string("{}");
  return within(answer.error(), "credentials of {} from {}", server, program);
}

std::string base64url(std::string_view bytes) {
  auto text = store::encode_base64(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

} // namespace

result<std::string> registry_auth(const std::string& domain) {
  const auto* home = std::getenv("HOME");
  auto path = store::docker_config_path(std::getenv("DOCKER_CONFIG"), home != nullptr ? home : "/root");
  GANTRY_LET(auto config, store::docker_config::load(path));
  GANTRY_LET(auto found, store::find_credentials(config, domain, run_helper));
  if (found.anonymous()) return std::string();
  json auth{
      {"username", found.username}, {"password", found.password}, {"serveraddress", store::credentials_key(domain)}};
  if (!found.identity_token.empty()) auth["identitytoken"] = found.identity_token;
  if (!found.registry_token.empty()) auth["registrytoken"] = found.registry_token;
  return base64url(to_line(auth));
}

} // namespace gantry::cli
