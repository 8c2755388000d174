#include "tools/gantryd/until_told.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <ctime>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "tools/gantryd/spare_memory.hpp"

namespace gantry::daemon {
namespace {

using clock = std::chrono::steady_clock;

sigset_t ours() {
  sigset_t set;
  ::sigemptyset(&set);
  for (int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) ::sigaddset(&set, number);
  return set;
}

} // namespace

void take_signals() {
  auto set = ours();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, nullptr);
  // The containers of a monitor that died fall to this process: a new monitor learns their exit statuses from the
  // kernel once they are reaped here.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

namespace {

void reap_orphans() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

} // namespace

std::string wait_until_told(const idleness& idle) {
  auto set = ours();
  auto busy_last = clock::now();
  spare_memory spare;
  for (;;) {
    timespec second{1, 0};
    auto number = ::sigtimedwait(&set, nullptr, &second);
    if (number == SIGTERM || number == SIGINT) return fmt::format("signal {}", ::strsignal(number));
    if (number == SIGCHLD) reap_orphans();
    spare.look();
    if (idle.after.count() == 0) continue;
    if (clock::now() - std::max(busy_last, idle.last_use()) < idle.after) continue;
    if (!idle.busy()) return fmt::format("idle for {} s", idle.after.count());
    busy_last = clock::now();
  }
}

struct shutdown_watchdog::inner {
  std::mutex lock;
  std::condition_variable changed;
  bool over = false;
  std::thread thread;
};

shutdown_watchdog::shutdown_watchdog(std::chrono::seconds deadline) : inner_(std::make_unique<inner>()) {
  inner_->thread = std::thread([shared = inner_.get(), deadline] {
    std::unique_lock guard(shared->lock);
    if (shared->changed.wait_for(guard, deadline, [shared] { return shared->over; })) return;
    constexpr std::string_view text = "gantryd: the shutdown did not end in time; ending at once. Containers go on.\n";
    (void)!::write(STDERR_FILENO, text.data(), text.size());
    ::_exit(1);
  });
}

shutdown_watchdog::~shutdown_watchdog() {
  {
    std::lock_guard guard(inner_->lock);
    inner_->over = true;
  }
  inner_->changed.notify_one();
  inner_->thread.join();
}

} // namespace gantry::daemon
