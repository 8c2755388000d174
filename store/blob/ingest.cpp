#include "store/blob/ingest.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "runtime/sys/files.hpp"

namespace gantry::store {

/// What the extractor holds: it keeps the ingest alive.
class ingest::follower final : public byte_source {
public:
  explicit follower(std::shared_ptr<ingest> of) : of_(std::move(of)) {}
  ~follower() override { of_->stop_reading(); }
  result<std::size_t> read(std::span<char> into) override { return of_->read_next(into); }

private:
  std::shared_ptr<ingest> of_;
};

ingest::ingest(descriptor what, std::string file, std::string blob, sys::unique_fd fd, std::uint64_t on_disk)
    : what_(std::move(what)), file_(std::move(file)), blob_(std::move(blob)), fd_(std::move(fd)),
      resumed_from_(on_disk), written_(on_disk), hash_(what_.content.algo()) {}

ingest::~ingest() = default;

std::uint64_t ingest::size_on_disk() const {
  std::lock_guard lock(mutex_);
  return written_;
}

std::uint64_t ingest::lag() const {
  std::lock_guard lock(mutex_);
  return written_ - read_;
}

result<void> ingest::append(std::span<const char> bytes) {
  std::uint64_t at = 0;
  {
    std::lock_guard lock(mutex_);
    if (failure_) return tl::unexpected<error>(*failure_);
    at = written_;
  }
  if (bytes.size() > what_.size - at) {
    error reason{errc::corrupt,
                 fmt::format("the registry sends more than the {} bytes that the descriptor says", what_.size)};
    discard(reason);
    return tl::unexpected<error>(std::move(reason));
  }
  while (!bytes.empty()) {
    auto put = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail_errno(errno, "write {}", file_);
    at += static_cast<std::uint64_t>(put);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  {
    std::lock_guard lock(mutex_);
    written_ = at;
  }
  grown_.notify_all();
  return {};
}

result<void> ingest::finish() {
  std::lock_guard lock(mutex_);
  if (failure_) return tl::unexpected<error>(*failure_);
  if (written_ != what_.size)
    return gantry::fail(errc::corrupt,
                        "expected {} bytes, got {}: the registry or a proxy truncated it; pulling again may help",
                        what_.size, written_);
  finished_ = true;
  grown_.notify_all();
  return {};
}

void ingest::end(std::optional<error> reason) {
  std::function<void()> wake;
  {
    std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(reason);
    if (std::exchange(paused_, false)) wake = wake_;
  }
  grown_.notify_all();
  if (wake) wake();
}

void ingest::fail(error reason) { end(std::move(reason)); }

void ingest::discard(error reason) {
  ::unlink(file_.c_str());
  end(std::move(reason));
}

bool ingest::must_pause() {
  std::lock_guard lock(mutex_);
  if (!failure_ && reading_ && written_ - read_ > high_lag) paused_ = true;
  return paused_;
}

void ingest::on_wake(std::function<void()> wake) {
  std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

std::unique_ptr<byte_source> ingest::reader() {
  std::lock_guard lock(mutex_);
  reading_ = true;
  return std::make_unique<follower>(shared_from_this());
}

/// A reader that went away must not keep the download waiting for it: commit() may still want the rest.
void ingest::stop_reading() {
  std::function<void()> wake;
  {
    std::lock_guard lock(mutex_);
    reading_ = false;
    if (std::exchange(paused_, false)) wake = wake_;
  }
  if (wake) wake();
}

/// The number of bytes there are beyond what was read; 0 at the end.
result<std::uint64_t> ingest::wait_for_bytes() {
  std::unique_lock lock(mutex_);
  grown_.wait(lock, [this] { return written_ > read_ || finished_ || failure_; });
  if (written_ > read_) return written_ - read_;
  if (failure_) return tl::unexpected<error>(*failure_);
  return 0;
}

void ingest::note_read(std::span<const char> bytes) {
  hash_.update(bytes);
  std::function<void()> wake;
  {
    std::lock_guard lock(mutex_);
    read_ += bytes.size();
    if (paused_ && written_ - read_ <= low_lag) {
      paused_ = false;
      wake = wake_;
    }
  }
  if (wake) wake();
}

result<std::size_t> ingest::read_next(std::span<char> into) {
  GANTRY_LET(auto there, wait_for_bytes());
  if (there == 0) return 0;
  auto want = static_cast<std::size_t>(std::min<std::uint64_t>(there, into.size()));
  // read_ changes on this thread alone, so it needs no lock here.
  auto got = ::pread(fd_.get(), into.data(), want, static_cast<off_t>(read_));
  while (got < 0 && errno == EINTR) got = ::pread(fd_.get(), into.data(), want, static_cast<off_t>(read_));
  if (got < 0) return fail_errno(errno, "read {}", file_);
  if (got == 0) return gantry::fail(errc::corrupt, "{}: somebody truncated it while it was being read", file_);
  note_read(into.first(static_cast<std::size_t>(got)));
  return static_cast<std::size_t>(got);
}

result<void> ingest::verify() {
  std::vector<char> rest(256u << 10);
  for (;;) {
    GANTRY_LET(auto got, read_next(rest));
    if (got == 0) break;
  }
  auto found = hash_.finish();
  if (found == what_.content) return {};
  error reason{errc::corrupt,
               fmt::format("{}: the {} bytes that came have the digest {}: the registry or a proxy changed "
                           "them, or a resumed download met another content; pulling again may help",
                           what_.content.str(), what_.size, found.str())};
  discard(reason);
  return tl::unexpected<error>(std::move(reason));
}

result<void> ingest::make_durable() {
  if (::fsync(fd_.get()) != 0) return fail_errno(errno, "fsync {}", file_);
  if (::rename(file_.c_str(), blob_.c_str()) != 0) return fail_errno(errno, "rename {} to {}", file_, blob_);
  return sys::sync_directory(blob_.substr(0, blob_.rfind('/')));
}

result<void> ingest::commit() {
  GANTRY_TRY(verify());
  return make_durable();
}

} // namespace gantry::store
