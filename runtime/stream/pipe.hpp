#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "messages/domain/error.hpp"

namespace gantry::stream {

/// Bytes in order from one writer to one reader, of which one may block (an actor's own thread) and the other must not
/// (a door's). It holds at most `capacity` bytes: whoever is slow holds up the other, and nobody else.
class pipe {
public:
  static constexpr std::size_t capacity = 1u << 20;

  // The writer's side.

  /// Takes what there is room for, at once: its size, which may be 0. Errors: what `fail` was given.
  result<std::size_t> write_some(std::string_view bytes);
  /// Waits for room until all is in. Errors: as above.
  result<void> write(std::string_view bytes);
  /// The last byte was written.
  void finish();

  // The reader's side.

  /// What there is, at once: empty means that there is nothing yet; nothing, that the end was reached. What was written
  /// before a failure is read before it. Errors: what `fail` was given.
  result<std::optional<std::string>> read_some();
  /// Waits for at least a byte; 0 at the end. Errors: as above.
  result<std::size_t> read(std::span<char> into);

  /// Ends it for both sides. The first reason counts; none does after `finish` and the last read.
  void fail(error reason);

  /// Called after each step of the other side, on its thread: it must not block, and not call the pipe. Set before the
  /// other side begins.
  void on_change(std::function<void()> wake);

private:
  void changed();
  std::size_t take_in(std::string_view bytes);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string held_; ///< from `read_` on
  std::size_t read_ = 0;
  bool finished_ = false;
  std::optional<error> failure_;
  std::function<void()> wake_;
};

} // namespace gantry::stream
