#include "tools/gantry-load/loop/event_loop.hpp"

#include <sys/epoll.h>

#include <array>
#include <cerrno>

#include "tools/gantry-load/loop/event.hpp"

namespace gantry::load {

result<std::unique_ptr<event_loop>> event_loop::make() {
  sys::unique_fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return fail_errno(errno, "epoll_create1");
  return std::unique_ptr<event_loop>(new event_loop(std::move(epoll)));
}

result<void> event_loop::on_readable(int fd, std::function<void()> act) {
  act_ = std::move(act);
  epoll_event wanted{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &wanted) != 0) return fail_errno(errno, "watch for signals");
  return {};
}

void event_loop::arm(waiter& which, time_point until) {
  which.timed_out = false;
  which.timed = until != never;
  if (which.timed) which.timer = timers_.emplace(until, &which);
}

void event_loop::wake(waiter& which, bool timed_out) {
  if (!which.waiting) return;
  if (which.timed) timers_.erase(which.timer);
  if (which.in != nullptr) std::exchange(which.in, nullptr)->waiters_.remove(&which);
  which.timed = false;
  which.timed_out = timed_out;
  ready_.push_back(std::exchange(which.waiting, nullptr));
}

void event_loop::fire_timers() {
  if (timers_.empty()) return;
  auto now = clock_type::now();
  while (!timers_.empty() && timers_.begin()->first <= now) wake(*timers_.begin()->second, true);
}

void event_loop::drain() {
  while (!ready_.empty()) {
    auto next = ready_.front();
    ready_.pop_front();
    next.resume();
  }
}

void event_loop::run(const bool& over) {
  std::array<epoll_event, 256> events{};
  for (;;) {
    drain();
    if (over) return;
    timespec pause{};
    if (!timers_.empty()) {
      auto left = std::max(timers_.begin()->first - clock_type::now(), clock_type::duration::zero());
      auto whole = std::chrono::duration_cast<std::chrono::seconds>(left);
      pause = {whole.count(), std::chrono::nanoseconds(left - whole).count()};
    }
    // epoll_wait's milliseconds would be too coarse for arrivals.
    auto got = ::epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()),
                              timers_.empty() ? nullptr : &pause, nullptr);
    for (int i = 0; i < got; ++i) {
      auto* which = static_cast<waiter*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (which != nullptr)
        wake(*which, false);
      else
        act_();
    }
    retired_.clear();
    fire_timers();
  }
}

result<descriptor> descriptor::make(event_loop& loop, sys::unique_fd fd) {
  descriptor made(loop, std::move(fd));
  // Edge-triggered: a coroutine waits only after EAGAIN, so what came before needs no second report.
  epoll_event wanted{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = made.wait_.get()}};
  if (::epoll_ctl(loop.epoll_.get(), EPOLL_CTL_ADD, made.get(), &wanted) != 0)
    return fail_errno(errno, "watch a connection");
  return made;
}

descriptor::~descriptor() {
  if (wait_) loop_->retired_.push_back(std::move(wait_));
}

void readiness::await_suspend(std::coroutine_handle<> waiting) {
  on.wait_->waiting = waiting;
  on.loop_->arm(*on.wait_, until);
}

bool readiness::await_resume() const noexcept { return !on.wait_->timed_out; }

} // namespace gantry::load
