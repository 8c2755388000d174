#include "runtime/native/launch.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/sys/go_words.hpp"

namespace gantry::native {

result<void> outcome_of(std::string_view progress) {
  const auto at = progress.find('E');
  if (at == std::string_view::npos) return {};
  auto text = progress.substr(at + 1);
  auto code = errc::internal;
  if (!text.empty()) {
    code = static_cast<errc>(text.front() - '0');
    text.remove_prefix(1);
  }
  return fail(code, "{}", sys::in_go_words(std::string(text)));
}

result<void> wait_started(started& process, wait_until until) {
  std::string text;
  char buffer[4096];
  for (;;) {
    const auto got = ::read(process.progress.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "read of the process's progress");
    if (got == 0) return outcome_of(text);
    text.append(buffer, static_cast<std::size_t>(got));
    if (until == wait_until::at_gate && text == "R") return {};
  }
}

} // namespace gantry::native
