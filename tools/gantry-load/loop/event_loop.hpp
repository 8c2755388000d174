#pragma once

#include <chrono>
#include <coroutine>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::load {

using clock_type = std::chrono::steady_clock;
using time_point = clock_type::time_point;
inline constexpr time_point never = time_point::max();

class descriptor;
class event;

/// One coroutine that waits until something happens or a moment has come. Its fields are the loop's.
struct waiter {
  waiter() = default;
  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;

  std::coroutine_handle<> waiting;
  std::multimap<time_point, waiter*>::iterator timer;
  event* in = nullptr; ///< the event that has it in its list
  bool timed = false, timed_out = false;
};

/// One epoll instance, timers and the coroutines that are ready: all on the thread that calls run().
class event_loop {
public:
  /// Errors: exhausted, internal.
  static result<std::unique_ptr<event_loop>> make();
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;

  /// Resumes coroutines until `over` is true.
  void run(const bool& over);
  /// Calls `act` whenever `fd` (not owned) can be read; for signals. At most one. Errors: internal.
  result<void> on_readable(int fd, std::function<void()> act);

private:
  friend class descriptor;
  friend class event;
  friend struct readiness;
  explicit event_loop(sys::unique_fd epoll) : epoll_(std::move(epoll)) {}

  void arm(waiter& which, time_point until);
  /// Makes it ready, now or by time-out; nothing when it does not wait.
  void wake(waiter& which, bool timed_out);
  void fire_timers();
  void drain();

  sys::unique_fd epoll_;
  std::multimap<time_point, waiter*> timers_;
  std::deque<std::coroutine_handle<>> ready_;
  std::function<void()> act_;
  /// Waiters of descriptors that are closed: epoll's current batch may still name them.
  std::vector<std::unique_ptr<waiter>> retired_;
};

/// A non-blocking descriptor of the loop. One coroutine at a time waits for it.
class descriptor {
public:
  /// Errors: exhausted, internal.
  static result<descriptor> make(event_loop& loop, sys::unique_fd fd);
  descriptor(descriptor&&) noexcept = default;
  descriptor& operator=(descriptor&&) = delete;
  ~descriptor();

  [[nodiscard]] int get() const { return fd_.get(); }

private:
  friend struct readiness;
  descriptor(event_loop& loop, sys::unique_fd fd) : loop_(&loop), fd_(std::move(fd)), wait_(new waiter) {}
  event_loop* loop_;
  sys::unique_fd fd_;
  std::unique_ptr<waiter> wait_;
};

/// `co_await readiness{on, until}` after EAGAIN: true when something has happened to the descriptor (look again, it may
/// be little), false when the moment has come.
struct readiness {
  descriptor& on;
  time_point until;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting);
  bool await_resume() const noexcept;
};

} // namespace gantry::load
