#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace gantry::monitor {

class event_loop;

/// One thread that does in order what must not be done on the loop's, because it may block.
class worker_thread {
public:
  explicit worker_thread(event_loop& loop);
  ~worker_thread(); ///< after all that is queued
  worker_thread(const worker_thread&) = delete;
  worker_thread& operator=(const worker_thread&) = delete;

  /// Runs `work` on the thread, then `done`, if any, on the loop's. Any thread.
  void run(std::function<void()> work, std::function<void()> done = nullptr);

private:
  void serve();

  event_loop& loop_;
  std::mutex mutex_; ///< guards turns_ and ending_
  std::condition_variable wake_;
  std::deque<std::function<void()>> turns_;
  bool ending_ = false;
  std::thread thread_; ///< last: it uses the others
};

} // namespace gantry::monitor
