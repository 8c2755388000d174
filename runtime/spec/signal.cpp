#include "runtime/spec/signal.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <csignal>
#include <optional>
#include <string>
#include <utility>

namespace gantry::spec {
namespace {

constexpr std::array<std::pair<std::string_view, int>, 36> names = {{
    {"ABRT", SIGABRT},     {"ALRM", SIGALRM},   {"BUS", SIGBUS},   {"CHLD", SIGCHLD}, {"CLD", SIGCHLD},
    {"CONT", SIGCONT},     {"FPE", SIGFPE},     {"HUP", SIGHUP},   {"ILL", SIGILL},   {"INT", SIGINT},
    {"IO", SIGIO},         {"IOT", SIGIOT},     {"KILL", SIGKILL}, {"PIPE", SIGPIPE}, {"POLL", SIGPOLL},
    {"PROF", SIGPROF},     {"PWR", SIGPWR},     {"QUIT", SIGQUIT}, {"SEGV", SIGSEGV}, {"STKFLT", SIGSTKFLT},
    {"STOP", SIGSTOP},     {"SYS", SIGSYS},     {"TERM", SIGTERM}, {"TRAP", SIGTRAP}, {"TSTP", SIGTSTP},
    {"TTIN", SIGTTIN},     {"TTOU", SIGTTOU},   {"URG", SIGURG},   {"USR1", SIGUSR1}, {"USR2", SIGUSR2},
    {"VTALRM", SIGVTALRM}, {"WINCH", SIGWINCH}, {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ}, {"RTMIN", 34},
    {"RTMAX", 64},
}};

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "RTMIN+3", "RTMAX-1": the numbers that libc leaves to programs, 34 to 64 (signal(7), "Real-time signals").
std::optional<int> real_time(std::string_view name) {
  const bool from_min = name.starts_with("RTMIN+"), from_max = name.starts_with("RTMAX-");
  if (!from_min && !from_max) return std::nullopt;
  const auto offset = number(name.substr(6));
  if (!offset || *offset < 0 || *offset > 30) return std::nullopt;
  return from_min ? 34 + *offset : 64 - *offset;
}

std::optional<int> by_name(std::string_view text) {
  std::string name(text);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (name.starts_with("SIG")) name.erase(0, 3);
  for (const auto& [known, value] : names)
    if (name == known) return value;
  return real_time(name);
}

} // namespace

result<int> parse_signal(std::string_view text) {
  if (text.size() <= 16) {
    const auto value = number(text);
    const auto found = value ? value : by_name(text);
    if (found && *found >= 1 && *found <= 64) return *found;
  }
  return fail(errc::invalid_argument, "invalid signal: {}", text.substr(0, 64));
}

} // namespace gantry::spec
