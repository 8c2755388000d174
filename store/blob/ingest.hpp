#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "messages/domain/descriptor.hpp"
#include "runtime/sys/unique_fd.hpp"
#include "store/byte_source.hpp"
#include "store/hash.hpp"

namespace gantry::store {

/// A blob on its way to the store: one writer appends (the transfer's thread), one reader follows while it grows (an
/// extractor's thread). Its file, <root>/ingest/<algo>-<hex>, outlives a failure and a crash, so that the next
/// download goes on where this one ended. At most one ingest per digest exists on the host (flock(2) on the file).
///
/// The digest is computed as the reader reads, so that hashing runs beside the network and side by side over layers.
class ingest : public std::enable_shared_from_this<ingest> {
public:
  /// How far the reader may fall behind before the writer is asked to pause, and how far it must catch up, in bytes.
  static constexpr std::uint64_t high_lag = 64u << 20;
  static constexpr std::uint64_t low_lag = 32u << 20;

  ingest(descriptor what, std::string file, std::string blob, sys::unique_fd fd, std::uint64_t on_disk);
  ingest(const ingest&) = delete;
  ingest& operator=(const ingest&) = delete;
  ~ingest();

  [[nodiscard]] const descriptor& what() const { return what_; }

  // The writer's side. Any thread, one at a time; none of these waits for the reader.

  /// Bytes that need not be downloaded any more.
  [[nodiscard]] std::uint64_t size_on_disk() const;
  /// The part of it that was there when this ingest began: after a corrupt end, a reason to try once more.
  [[nodiscard]] std::uint64_t resumed_from() const { return resumed_from_; }

  /// Adds `bytes` at the end. Errors: corrupt when that would be more than the descriptor's size (nothing is
  /// written, and the whole ingest fails), the error given to fail(), the errno's code.
  result<void> append(std::span<const char> bytes);
  /// All bytes are there. Errors: corrupt when they are not as many as the descriptor says.
  result<void> finish();
  /// Ends the ingest for both sides: the reader gets `reason` once it has what was written before, and so does the
  /// next append. The file stays. The first reason counts. Any thread.
  void fail(error reason);
  /// As fail, and the file goes.
  void discard(error reason);

  /// Bytes written that the reader has not read.
  [[nodiscard]] std::uint64_t lag() const;
  /// True when the reader is there and lags more than high_lag; the wake function is then called once when it has
  /// caught up to low_lag, goes away, or the ingest ends. Without a reader the answer is no: the bytes are on disk,
  /// where they belong, and a transfer must not wait for a reader that may be waiting for it.
  [[nodiscard]] bool must_pause();
  /// Called on the reader's thread, or that of fail(). It must not block.
  void on_wake(std::function<void()> wake);

  // The reader's side: one thread, which may block.

  /// The bytes from the first one on, waiting for those to come. May be called once; the source keeps the ingest.
  /// It ends after the descriptor's size when finish() was called, with an error after fail().
  std::unique_ptr<byte_source> reader();

  /// Reads what the reader left (a decompressor may stop before the end), verifies size and digest, makes the bytes
  /// durable and moves the file to its name among the blobs. Waits for the writer's finish().
  /// Errors: corrupt when the digest differs (the file is gone then, a new download starts from zero), what was given
  /// to fail(), the errno's code.
  result<void> commit();

private:
  class follower;

  result<std::size_t> read_next(std::span<char> into);
  result<std::uint64_t> wait_for_bytes();
  void stop_reading();
  void note_read(std::span<const char> bytes);
  result<void> verify();
  result<void> make_durable();
  void end(std::optional<error> reason);

  const descriptor what_;
  const std::string file_; ///< while it grows
  const std::string blob_; ///< its final name
  const sys::unique_fd fd_;
  const std::uint64_t resumed_from_;

  mutable std::mutex mutex_;
  std::condition_variable grown_;
  std::uint64_t written_;
  std::uint64_t read_ = 0;
  bool finished_ = false;
  bool reading_ = false;
  bool paused_ = false;
  std::optional<error> failure_;
  std::function<void()> wake_;

  hasher hash_; ///< the reader's alone
};

} // namespace gantry::store
