#pragma once

#include <list>

#include "tools/gantry-load/loop/event_loop.hpp"
#include "tools/gantry-load/loop/task.hpp"

namespace gantry::load {

/// Something that happens once, for which any number of coroutines wait. It outlives those that wait.
class event {
public:
  explicit event(event_loop& loop) : loop_(loop) {}
  event(const event&) = delete;
  event& operator=(const event&) = delete;

  /// Wakes all. Again: nothing.
  void set();
  [[nodiscard]] bool is_set() const { return set_; }

  /// `co_await e.wait()`: until it has happened; at once when it has. True then; false when `until` came first.
  [[nodiscard]] auto wait(time_point until = never) { return awaiter{*this, until}; }

private:
  friend class event_loop;
  struct awaiter {
    event& of;
    time_point until;
    waiter own{};

    bool await_ready() const noexcept { return of.set_; }
    void await_suspend(std::coroutine_handle<> waiting);
    bool await_resume() const noexcept { return !own.timed_out; }
  };

  event_loop& loop_;
  bool set_ = false;
  std::list<waiter*> waiters_;
};

/// Coroutines that run beside the one that has the group, which waits for their end before the group's.
class group {
public:
  explicit group(event_loop& loop) : loop_(loop) {}
  group(const group&) = delete;
  group& operator=(const group&) = delete;

  /// Begins it at once. What it throws ends the program: callers catch.
  void spawn(task<> work);
  /// Until all that were spawned have ended.
  task<> all_ended();

private:
  event_loop& loop_;
  std::size_t running_ = 0;
  event* idle_ = nullptr;
};

} // namespace gantry::load
