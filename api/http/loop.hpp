#pragma once

#include <mutex>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

namespace gantry::http {

namespace asio = boost::asio;

/// The door's thread of I/O, as actors see it: a place to hand work to, which may be closed at any time. Actors and
/// coroutines share it, so that an answer that comes after the door's end falls into nothing.
class loop {
public:
  asio::io_context io{1};

  /// Runs `f` on the door's thread, or never when it is closed. Any thread.
  template<class F>
  void post(F f) {
    std::lock_guard guard(lock_);
    if (open_) asio::post(io, std::move(f));
  }
  /// Afterwards nothing is posted any more. The thread of `io` has ended: what it left runs here. In the queue, an
  /// answer that came too late would hold whoever waited for it, who holds this loop, which holds the queue.
  void close() {
    {
      std::lock_guard guard(lock_);
      open_ = false;
    }
    io.restart();
    io.poll();
  }

private:
  std::mutex lock_;
  bool open_ = true;
};

} // namespace gantry::http
