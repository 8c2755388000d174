#include "runtime/log/log_writer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "runtime/log/cri_line.hpp"
#include "runtime/log/rotated_files.hpp"
#include "runtime/sys/files.hpp"

namespace gantry::log {
namespace {

/// Where to cut a line that is too long: not within a UTF-8 character, if it is one.
std::size_t cut_point(std::string_view text) {
  auto at = max_entry_text;
  for (int back = 0; back < 3 && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U; ++back) --at;
  return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U ? max_entry_text : at;
}

} // namespace

result<void> writer::write(output from, unix_nanos time, std::string_view bytes) {
  auto cut_all = cut(streams_[from == output::out ? 0 : 1], time, bytes);
  auto flushed = flush();
  return cut_all ? flushed : cut_all;
}

result<void> writer::cut(stream& from, unix_nanos time, std::string_view bytes) {
  if (!from.partial.empty()) { // the rare case: join what is left with what came, up to the first newline
    auto end = bytes.find('\n');
    auto take = end == std::string_view::npos ? bytes.size() : end + 1;
    from.partial.append(bytes.substr(0, take));
    bytes.remove_prefix(take);
    std::string line;
    line.swap(from.partial);
    GANTRY_TRY(cut(from, time, line));
  }
  while (!bytes.empty()) {
    auto end = bytes.find('\n');
    auto length = end == std::string_view::npos ? bytes.size() : end + 1;
    if (length > max_entry_text + 1 || (length > max_entry_text && end == std::string_view::npos))
      length = cut_point(bytes);
    else if (end == std::string_view::npos) {
      from.partial.assign(bytes);
      return {};
    }
    GANTRY_TRY(add(from.from, time, bytes.substr(0, length)));
    bytes.remove_prefix(length);
  }
  return {};
}

result<void> writer::finish(unix_nanos time) {
  result<void> all;
  for (auto& from : streams_) {
    if (!from.partial.empty() && all) all = add(from.from, time, from.partial);
    from.partial = std::string();
  }
  auto flushed = flush();
  file_.reset();
  return all ? flushed : all;
}

result<void> writer::add(output from, unix_nanos time, std::string_view text) {
  if (!file_) GANTRY_TRY(open());
  if (when_.max_bytes > 0 && size_ >= when_.max_bytes) GANTRY_TRY(rotate());
  auto before = batch_.size();
  if (how_ == format::cri)
    append_cri_line(batch_, from, time, text);
  else
    append_json_line(batch_, from, time, text, attributes_);
  size_ += static_cast<std::int64_t>(batch_.size() - before);
  return {};
}

result<void> writer::flush() {
  if (batch_.empty()) return {};
  std::string batch;
  batch.swap(batch_);
  if (auto written = sys::write_all(file_.get(), batch); !written) {
    file_.reset(); // its size is not known any more
    return within(written.error(), "log {}", path_);
  }
  return {};
}

result<void> writer::reopen() {
  auto in_use = std::move(file_);
  const auto size = size_;
  auto opened = open();
  if (opened) return {};
  file_ = std::move(in_use);
  size_ = size;
  return opened;
}

result<void> writer::open() {
  GANTRY_TRY(sys::make_directories(path_.substr(0, path_.rfind('/')), 0700));
  file_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!file_) return fail_errno(errno, "open the log {}", path_);
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) return fail_errno(errno, "stat the log {}", path_);
  size_ = status.st_size;
  // A crash may have left half an entry: a newline closes it, so that it spoils no other.
  char last = '\n';
  sys::unique_fd reading(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (size_ > 0 && reading && ::pread(reading.get(), &last, 1, size_ - 1) == 1 && last != '\n') {
    GANTRY_TRY(sys::write_all(file_.get(), "\n"));
    ++size_;
  }
  return {};
}

result<void> writer::rotate() {
  GANTRY_TRY(flush());
  if (when_.max_files <= 1) {
    if (::ftruncate(file_.get(), 0) != 0) return fail_errno(errno, "empty the log {}", path_);
    size_ = 0;
    return {};
  }
  GANTRY_TRY(put_aside(path_, when_.max_files));
  GANTRY_TRY(open());
  if (when_.compress) compress();
  return {};
}

/// What cannot be compressed stays plain: no output is lost for that.
void writer::compress() {
  if (compressing_->exchange(true)) return;
  auto all = [path = path_, max_files = when_.max_files, due = compressing_] {
    due->store(false);
    return compress_put_aside(path, max_files);
  };
  if (later_)
    later_(std::move(all));
  else
    (void)all();
}

} // namespace gantry::log
