#include "runtime/monitor/child_processes.hpp"

#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

namespace gantry::monitor {
namespace {

constexpr std::size_t max_unknown = 4096;

/// For a program's last thread to end: see tell_programs().
constexpr std::chrono::milliseconds last_thread_time{3};

exit_status status_of(const siginfo_t& info) {
  return {info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status};
}

} // namespace

result<std::unique_ptr<child_processes>> child_processes::start(event_loop& loop, int niceness) {
  std::unique_ptr<child_processes> made(new child_processes(loop, niceness));
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return fail_errno(errno, "become a subreaper");
  GANTRY_LET(made->zygote_, zygote::start(niceness));
  GANTRY_TRY(made->listen());
  return made;
}

result<void> child_processes::listen() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGCHLD);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return fail_errno(errno, "block SIGCHLD");
  signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) return fail_errno(errno, "signalfd");
  GANTRY_LET(signals_watch_, loop_.add(signals_.get(), EPOLLIN, [this](std::uint32_t) { children_ended(); }));
  return {};
}

result<pid_t> child_processes::spawn(const child_plan& plan, const std::vector<int>& descriptors, on_exit exited) {
  auto pid = zygote_->spawn(plan, descriptors);
  if (!pid && pid.error().code == errc::unavailable) { // killed, by the OOM killer say: a new one serves as well
    GANTRY_LET(zygote_, zygote::start(niceness_));
    pid = zygote_->spawn(plan, descriptors);
  }
  // Reaping is on this thread: the child cannot be gone before it is noted here.
  if (pid) waiting_[*pid] = std::move(exited), programs_.insert(*pid);
  return pid;
}

result<native::started> child_processes::launch(const native_order& order, const std::vector<int>& descriptors) {
  auto made = zygote_->launch(order, descriptors);
  if (!made && made.error().code == errc::unavailable) {
    GANTRY_LET(zygote_, zygote::start(niceness_));
    made = zygote_->launch(order, descriptors);
  }
  return made;
}

bool child_processes::watch(pid_t pid, std::uint64_t mark, on_exit exited) {
  auto found = unknown_.find(pid);
  if (found != unknown_.end() && found->second.number >= mark) {
    auto status = found->second.status;
    unknown_.erase(found);
    exited(status);
    return true;
  }
  siginfo_t info{};
  // Asks without reaping: ECHILD when the pid is not our child.
  if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0) return false;
  waiting_[pid] = std::move(exited);
  return true;
}

void child_processes::children_ended() {
  signalfd_siginfo ignored[16];
  while (::read(signals_.get(), ignored, sizeof ignored) > 0) {
  }
  tell_programs();
  if (ended_programs_.empty()) return reap();
  if (!reap_timer_) reap_timer_ = loop_.after(last_thread_time, [this] { reap(); });
}

/// A program of several threads (each of Go's is) sends SIGCHLD while its last thread still takes its own entries out
/// of /proc. To reap it at that moment is to spin in the kernel until the thread is done, for tens of milliseconds when
/// it is this process that keeps it from its core. So its status is told now, and it is reaped a little later.
void child_processes::tell_programs() {
  std::vector<std::pair<pid_t, exit_status>> ended;
  for (auto pid : programs_) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid)
      ended.emplace_back(pid, status_of(info));
  }
  for (const auto& [pid, status] : ended) {
    ended_programs_.insert(pid);
    told(pid, status);
  }
}

void child_processes::reap() {
  reap_timer_.reset();
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) return;
    if (ended_programs_.erase(info.si_pid) == 0) told(info.si_pid, status_of(info));
  }
}

void child_processes::told(pid_t pid, exit_status status) {
  programs_.erase(pid);
  auto found = waiting_.find(pid);
  if (found == waiting_.end()) return remember(pid, status);
  auto exited = std::move(found->second);
  waiting_.erase(found);
  exited(status);
}

void child_processes::remember(pid_t pid, exit_status status) {
  auto number = exits_++;
  unknown_[pid] = {number, status};
  unknown_order_.emplace_back(pid, number);
  while (unknown_order_.size() > max_unknown) {
    auto [oldest, its_number] = unknown_order_.front();
    unknown_order_.pop_front();
    auto found = unknown_.find(oldest);
    if (found != unknown_.end() && found->second.number == its_number) unknown_.erase(found);
  }
}

} // namespace gantry::monitor
