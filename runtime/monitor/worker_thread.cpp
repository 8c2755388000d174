#include "runtime/monitor/worker_thread.hpp"

#include "runtime/monitor/event_loop.hpp"

namespace gantry::monitor {

worker_thread::worker_thread(event_loop& loop) : loop_(loop), thread_([this] { serve(); }) {}

worker_thread::~worker_thread() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void worker_thread::run(std::function<void()> work, std::function<void()> done) {
  auto turn = std::move(work);
  if (done)
    turn = [this, work = std::move(turn), done = std::move(done)] {
      work();
      loop_.post(done);
    };
  {
    std::lock_guard lock(mutex_);
    turns_.push_back(std::move(turn));
  }
  wake_.notify_one();
}

void worker_thread::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return ending_ || !turns_.empty(); });
    if (turns_.empty()) return;
    auto turn = std::move(turns_.front());
    turns_.pop_front();
    lock.unlock();
    turn();
    turn = nullptr; // what it holds may be the last of a log's queue
    lock.lock();
  }
}

} // namespace gantry::monitor
