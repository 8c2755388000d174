#pragma once

#include <atomic>
#include <memory>
#include <mutex>

namespace gantry {

/// Where an actor shows a value to whoever passes by: an immutable one, swapped whole, that any thread reads without a
/// question. Nothing is shown while a change is on its way to the actor, so that whoever has seen what a change did
/// (the answer of a call, an event) never reads a value from before it: who finds nothing here asks the actor, whose
/// mailbox has the change before the question.
template<class T>
class notice_board {
public:
  /// A message that changes the value is about to be sent: before it is. Any thread.
  void announce() { ++on_their_way_; }
  /// One that was announced has been taken, and the value withdrawn where it is not true any more. The actor alone.
  void took() { --on_their_way_; }

  /// The actor alone.
  void show(std::shared_ptr<const T> value) {
    std::lock_guard guard(lock_);
    shown_ = std::move(value);
  }
  void withdraw() { show(nullptr); }

  /// Null when nothing is shown. Any thread.
  [[nodiscard]] std::shared_ptr<const T> look() const {
    if (on_their_way_ != 0) return nullptr;
    std::lock_guard guard(lock_);
    return shown_;
  }

private:
  std::atomic<int> on_their_way_ = 0;
  mutable std::mutex lock_; ///< for as long as a pointer is copied
  std::shared_ptr<const T> shown_;
};

} // namespace gantry
