#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "runtime/log/log_writer.hpp"
#include "runtime/monitor/event_loop.hpp"
#include "runtime/monitor/lossy_lines.hpp"
#include "runtime/monitor/protocol/messages.hpp"
#include "runtime/monitor/worker_thread.hpp"

namespace gantry::monitor {

/// The bounded queue between one container's output and its log. Made by disk_writer; the epoll thread adds, the disk
/// thread takes.
class log_queue {
public:
  static constexpr std::size_t capacity = 256u << 10;

  /// Called on the loop's thread. `on_space`: the queue was full and takes again. `on_written`: the log has grown.
  struct callbacks {
    std::function<void()> on_space, on_written;
  };

  /// `lossy`: what does not fit is lost, and the container never waits.
  log_queue(log::writer file, callbacks on, std::optional<lossy_lines> lossy)
      : file_(std::move(file)), on_(std::move(on)), lossy_(std::move(lossy)) {}

private:
  friend class disk_writer;
  std::size_t waiting() {
    std::lock_guard lock(mutex_);
    return bytes_;
  }
  struct chunk {
    log::output from;
    unix_nanos time;
    std::string bytes;
  };

  std::mutex mutex_; ///< guards the five below
  std::deque<chunk> chunks_;
  std::size_t bytes_ = 0;
  bool scheduled_ = false; ///< a turn of this queue is due on the disk thread
  bool was_full_ = false;
  bool tell_written_ = false; ///< somebody follows the log
  log::writer file_;          ///< the disk thread's
  callbacks on_;
  std::optional<lossy_lines> lossy_; ///< the loop thread's
};

/// The thread of the monitor that touches disks: writes the logs, by turns of at most 64 KiB each, and runs what else
/// would block (exit records, removal of folders). Logs are compressed on another, as that takes longer.
class disk_writer {
public:
  explicit disk_writer(event_loop& loop); ///< ends after all that is queued

  /// Of a cri log the file is made at once: its readers open it before anything is written.
  std::shared_ptr<log_queue> open(const log_target& target, log_queue::callbacks on);

  /// Has the log go on in a fresh file (log::writer::reopen); then `done` on the loop's thread.
  void reopen(const std::shared_ptr<log_queue>& queue, std::function<void(result<void>)> done);

  /// Takes the bytes whole, or of a lossy log what fits. False: the queue is now full, and the caller reads no more of
  /// this container until on_space.
  bool add(const std::shared_ptr<log_queue>& queue, log::output from, unix_nanos time, std::string_view bytes);

  /// Whether on_written is called after each write.
  void follow(const std::shared_ptr<log_queue>& queue, bool wanted);

  /// Ends a log after all that was added: writes the last partial lines and closes; then `then` on the disk thread and
  /// `done` on the loop's. `queue` may be null.
  void finish(std::shared_ptr<log_queue> queue, std::function<void()> then, std::function<void()> done);

  /// Runs `work` on the disk thread, then `done` on the loop's.
  void run(std::function<void()> work, std::function<void()> done);

private:
  bool push(const std::shared_ptr<log_queue>& queue, log::output from, unix_nanos time, std::string bytes);
  void write_turn(const std::shared_ptr<log_queue>& queue);
  /// Writes up to `limit` bytes; returns whether there is more.
  bool write_some(log_queue& queue, std::size_t limit);

  event_loop& loop_;
  std::optional<worker_thread> packing_; ///< compresses; the disk thread's: made when a log has first been rotated so
  worker_thread thread_;                 ///< last: it uses the others
};

} // namespace gantry::monitor
