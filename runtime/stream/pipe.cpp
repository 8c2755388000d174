#include "runtime/stream/pipe.hpp"

#include <algorithm>

namespace gantry::stream {

void pipe::on_change(std::function<void()> wake) {
  std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

void pipe::changed() {
  std::function<void()> wake;
  {
    std::lock_guard lock(mutex_);
    wake = wake_;
  }
  changed_.notify_all();
  if (wake) wake();
}

std::size_t pipe::take_in(std::string_view bytes) {
  if (read_ == held_.size()) {
    held_.clear();
    read_ = 0;
  }
  auto fits = std::min(bytes.size(), capacity - (held_.size() - read_));
  if (fits > 0 && read_ > capacity / 2) {
    held_.erase(0, read_);
    read_ = 0;
  }
  held_.append(bytes.substr(0, fits));
  return fits;
}

result<std::size_t> pipe::write_some(std::string_view bytes) {
  std::size_t taken = 0;
  {
    std::lock_guard lock(mutex_);
    if (failure_) return tl::unexpected<error>(*failure_);
    taken = take_in(bytes);
  }
  if (taken > 0) changed();
  return taken;
}

result<void> pipe::write(std::string_view bytes) {
  while (!bytes.empty()) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return failure_ || held_.size() - read_ < capacity; });
      if (failure_) return tl::unexpected<error>(*failure_);
      bytes.remove_prefix(take_in(bytes));
    }
    changed();
  }
  return {};
}

void pipe::finish() {
  {
    std::lock_guard lock(mutex_);
    finished_ = true;
  }
  changed();
}

result<std::optional<std::string>> pipe::read_some() {
  std::string got;
  {
    std::lock_guard lock(mutex_);
    got = held_.substr(read_);
    read_ = held_.size();
    if (got.empty() && finished_) return std::optional<std::string>();
    if (got.empty() && failure_) return tl::unexpected<error>(*failure_);
  }
  if (!got.empty()) changed();
  return std::optional(std::move(got));
}

result<std::size_t> pipe::read(std::span<char> into) {
  std::size_t got = 0;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return failure_ || finished_ || read_ < held_.size(); });
    got = std::min(into.size(), held_.size() - read_);
    if (got == 0 && !finished_ && failure_) return tl::unexpected<error>(*failure_);
    std::copy_n(held_.data() + read_, got, into.data());
    read_ += got;
  }
  if (got > 0) changed();
  return got;
}

void pipe::fail(error reason) {
  {
    std::lock_guard lock(mutex_);
    if (failure_) return;
    failure_ = std::move(reason);
  }
  changed();
}

} // namespace gantry::stream
