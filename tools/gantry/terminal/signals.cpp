#include "tools/gantry/terminal/signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace gantry::cli {

result<signal_watch> signal_watch::begin(std::initializer_list<int> signals) {
  sigset_t taken;
  ::sigemptyset(&taken);
  for (auto s : signals) ::sigaddset(&taken, s);
  signal_watch watch;
  if (auto status = ::pthread_sigmask(SIG_BLOCK, &taken, &watch.before_); status != 0)
    return fail_errno(status, "block signals");
  watch.fd_.reset(::signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!watch.fd_) {
    auto cause = errno;
    ::pthread_sigmask(SIG_SETMASK, &watch.before_, nullptr);
    return fail_errno(cause, "watch signals");
  }
  return watch;
}

signal_watch::signal_watch(signal_watch&& other) noexcept : fd_(std::move(other.fd_)), before_(other.before_) {}

signal_watch::~signal_watch() {
  if (fd_) ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<int> signal_watch::next() {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

std::string signal_name(int signal) {
  const auto* name = ::sigabbrev_np(signal);
  return name ? name : std::to_string(signal);
}

} // namespace gantry::cli
