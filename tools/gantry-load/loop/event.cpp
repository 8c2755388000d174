#include "tools/gantry-load/loop/event.hpp"

namespace gantry::load {

namespace {

/// A coroutine that nobody awaits: it begins at once and frees itself.
struct detached {
  struct promise_type {
    detached get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
};

detached run_beside(task<> work, std::size_t& running, event*& idle) {
  co_await work;
  if (--running == 0 && idle != nullptr) idle->set();
}

} // namespace

void event::set() {
  set_ = true;
  while (!waiters_.empty()) loop_.wake(*waiters_.front(), false);
}

void event::awaiter::await_suspend(std::coroutine_handle<> waiting) {
  own.waiting = waiting;
  own.in = &of;
  of.waiters_.push_back(&own);
  of.loop_.arm(own, until);
}

void group::spawn(task<> work) {
  ++running_;
  run_beside(std::move(work), running_, idle_);
}

task<> group::all_ended() {
  while (running_ != 0) {
    event idle(loop_);
    idle_ = &idle;
    co_await idle.wait();
    idle_ = nullptr;
  }
}

} // namespace gantry::load
