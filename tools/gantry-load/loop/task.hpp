#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace gantry::load {

namespace detail {

struct promise_base {
  struct final_step {
    bool await_ready() const noexcept { return false; }
    template<class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> ended) const noexcept {
      return ended.promise().continuation;
    }
    void await_resume() const noexcept {}
  };
  std::suspend_always initial_suspend() const noexcept { return {}; }
  final_step final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { thrown = std::current_exception(); }
  void rethrow() const {
    if (thrown) std::rethrow_exception(thrown);
  }

  std::coroutine_handle<> continuation = std::noop_coroutine();
  std::exception_ptr thrown;
};

template<class T>
struct promise_value : promise_base {
  template<class U>
  void return_value(U&& given) {
    value.emplace(std::forward<U>(given));
  }
  T take() {
    rethrow();
    return std::move(*value);
  }
  std::optional<T> value;
};

template<>
struct promise_value<void> : promise_base {
  void return_void() const noexcept {}
  void take() const { rethrow(); }
};

} // namespace detail

/// A coroutine that begins when it is awaited, by one awaiter, and that belongs to it. It must not outlive its
/// arguments that are references. For one thread.
/// GCC 12 lays a frame out wrongly where co_await stands in the condition of an if in a loop: its value is named first.
template<class T = void>
class [[nodiscard]] task {
public:
  struct promise_type : detail::promise_value<T> {
    task get_return_object() { return task(std::coroutine_handle<promise_type>::from_promise(*this)); }
  };

  task(task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  task(const task&) = delete;
  task& operator=(task&&) = delete;
  ~task() {
    if (frame_) frame_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
    frame_.promise().continuation = awaiting;
    return frame_;
  }
  T await_resume() { return frame_.promise().take(); }

private:
  explicit task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
  std::coroutine_handle<promise_type> frame_;
};

} // namespace gantry::load
