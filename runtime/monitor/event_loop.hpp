#pragma once

#include <sys/epoll.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::monitor {

/// epoll(7), timers and calls from other threads, on one thread. Everything but post() is for that thread alone.
class event_loop {
public:
  using clock = std::chrono::steady_clock;
  using handler = std::function<void(std::uint32_t events)>;

  /// Keeps a descriptor watched as long as it lives; must die before the descriptor is closed and before the loop.
  class watch {
  public:
    watch() = default;
    watch(watch&& other) noexcept { *this = std::move(other); }
    watch& operator=(watch&& other) noexcept;
    ~watch() { reset(); }
    void reset();
    /// Changes the events (EPOLLIN, …). None: only EPOLLHUP and EPOLLERR, which epoll always reports.
    void set(std::uint32_t events);
    explicit operator bool() const { return loop_ != nullptr; }

  private:
    friend class event_loop;
    event_loop* loop_ = nullptr;
    int fd_ = -1;
    std::uint64_t id_ = 0;
    std::uint32_t events_ = 0;
  };

  /// Calls its function once when due, unless it dies before.
  class timer {
  public:
    timer() = default;
    timer(timer&& other) noexcept { *this = std::move(other); }
    timer& operator=(timer&& other) noexcept;
    ~timer() { reset(); }
    void reset();
    explicit operator bool() const { return loop_ != nullptr; }

  private:
    friend class event_loop;
    event_loop* loop_ = nullptr;
    std::pair<clock::time_point, std::uint64_t> key_;
  };

  static result<std::unique_ptr<event_loop>> make();
  ~event_loop();
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;

  /// Level-triggered. The handler may destroy any watch, its own too. Errors: exhausted.
  result<watch> add(int fd, std::uint32_t events, handler on_event);
  timer after(std::chrono::milliseconds delay, std::function<void()> on_due);

  /// Runs `work` on the loop's thread, in order. From any thread.
  void post(std::function<void()> work);

  /// Serves until stop(). Errors: epoll's.
  result<void> run();
  void stop() { stopped_ = true; }

private:
  event_loop() = default;
  void dispatch(std::uint64_t id, std::uint32_t events);
  void run_posted();
  void run_due();
  [[nodiscard]] int wait_milliseconds() const;

  sys::unique_fd epoll_, wake_;
  watch wake_watch_;
  bool stopped_ = false;
  std::uint64_t next_id_ = 1;
  std::unordered_map<std::uint64_t, std::shared_ptr<handler>> handlers_; ///< an event of a dead watch finds none
  std::map<std::pair<clock::time_point, std::uint64_t>, std::function<void()>> timers_;
  std::mutex mutex_; ///< guards posted_, the one member that other threads touch
  std::vector<std::function<void()>> posted_;
};

} // namespace gantry::monitor
