#include "runtime/log/log_reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "runtime/log/cri_line.hpp"
#include "runtime/log/rotated_files.hpp"

namespace gantry::log {
namespace {

constexpr int max_rotated = 1000;
/// Of the names in a row: a rotation moves one file at a time, and a crash may have ended one.
constexpr int max_missing = 2;
constexpr std::size_t block = 64u << 10;
constexpr std::size_t max_line = 1u << 20;

/// Where in `fd` (of `size` bytes) the last `wanted` complete lines begin; `wanted` is lessened by those found.
result<std::int64_t> find_tail(int fd, std::int64_t size, std::int64_t& wanted) {
  std::vector<char> bytes(block);
  bool after_newline = false; // the newline that ends a line was met, its beginning not yet
  for (auto end = size; end > 0;) {
    auto begin = std::max<std::int64_t>(0, end - static_cast<std::int64_t>(block));
    auto got = ::pread(fd, bytes.data(), static_cast<std::size_t>(end - begin), begin);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "read the log");
    if (got == 0) return 0;
    for (auto at = got; at-- > 0;) {
      if (bytes[static_cast<std::size_t>(at)] != '\n') continue;
      if (after_newline && --wanted == 0) return begin + at + 1;
      after_newline = true;
    }
    end = begin;
  }
  if (after_newline && wanted > 0) --wanted;
  return 0;
}

result<std::int64_t> count_lines(gzip_reader& packed) {
  std::vector<char> bytes(block);
  for (std::int64_t lines = 0;;) {
    GANTRY_LET(const auto got, packed.read(bytes));
    if (got == 0) {
      packed.rewind();
      return lines;
    }
    lines += std::count(bytes.data(), bytes.data() + got, '\n');
  }
}

std::optional<entry> parse_line(std::string_view line) {
  return line.starts_with('{') ? parse_json_line(line) : parse_cri_line(line);
}

} // namespace

result<std::optional<reader::file>> reader::open_file(const std::string& path) {
  sys::unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd && errno == ENOENT) return std::optional<file>();
  if (!fd) return fail_errno(errno, "open the log {}", path);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return fail_errno(errno, "stat the log {}", path);
  return std::optional<file>(file{std::move(fd), {}, status.st_ino});
}

/// While one is being compressed both are there, and the plain one is whole.
result<std::optional<reader::file>> reader::open_rotated(const std::string& path, int index) {
  GANTRY_LET(auto plain, open_file(rotated_name(path, index)));
  if (plain || index == 0) return plain;
  GANTRY_LET(auto packed, open_file(rotated_name(path, index) + ".gz"));
  if (packed) packed->packed.emplace(std::move(packed->fd));
  return packed;
}

/// Whether they hold the same: a plain file, and what became of it when it was compressed, have their time and size in
/// common (rotated_files.hpp).
bool reader::same(const file& a, const file& b) {
  if (a.inode == b.inode) return true;
  if (a.packed.has_value() == b.packed.has_value()) return false;
  const auto& packed = a.packed ? a : b;
  const auto& plain = a.packed ? b : a;
  struct stat of_packed {
  }, of_plain{};
  if (::fstat(packed.descriptor(), &of_packed) != 0 || ::fstat(plain.descriptor(), &of_plain) != 0) return false;
  return of_packed.st_mtim.tv_sec == of_plain.st_mtim.tv_sec && of_packed.st_mtim.tv_nsec == of_plain.st_mtim.tv_nsec &&
         expanded_size(packed.descriptor()) == static_cast<std::uint32_t>(of_plain.st_size);
}

result<std::deque<reader::file>> reader::files_after(const file* known) const {
  std::deque<file> found;
  for (int i = 0, missing = 0; i <= max_rotated && missing <= max_missing; ++i) {
    GANTRY_LET(auto next, open_rotated(path_, i));
    if (!next) {
      ++missing;
      continue;
    }
    missing = 0;
    if (known != nullptr && same(*next, *known)) break;
    // A rotation while we open moves a file that we have to the next name: it is met twice.
    if (!found.empty() && same(found.front(), *next)) continue;
    found.push_front(std::move(*next));
  }
  return found;
}

result<reader> reader::open(std::string path, query what) {
  reader made(std::move(path), what);
  GANTRY_LET(made.files_, made.files_after(nullptr));
  if (what.tail >= 0) GANTRY_TRY(made.seek_tail());
  return made;
}

result<void> reader::seek_tail_in(file& in, std::int64_t& wanted) {
  if (in.packed) {
    GANTRY_LET(const auto lines, count_lines(*in.packed));
    in.skip = std::max<std::int64_t>(0, lines - wanted);
    wanted -= lines - in.skip;
    return {};
  }
  struct stat status {};
  if (::fstat(in.fd.get(), &status) != 0) return fail_errno(errno, "stat the log");
  in.offset = status.st_size;
  if (wanted > 0) {
    GANTRY_LET(in.offset, find_tail(in.fd.get(), status.st_size, wanted));
  }
  return {};
}

result<void> reader::seek_tail() {
  auto wanted = what_.tail;
  for (auto at = files_.size(); at-- > 0;) {
    GANTRY_TRY(seek_tail_in(files_[at], wanted));
    if (wanted == 0) { // older files hold nothing that is wanted
      files_.erase(files_.begin(), files_.begin() + static_cast<std::ptrdiff_t>(at));
      return {};
    }
  }
  return {};
}

result<bool> reader::fill() {
  auto& from = files_.front();
  buffer_.erase(0, read_);
  read_ = 0;
  auto before = buffer_.size();
  buffer_.resize(before + block);
  if (from.packed) {
    auto got = from.packed->read({buffer_.data() + before, block});
    buffer_.resize(before + (got ? *got : 0));
    if (!got) return within(got.error(), "read the log {}", path_);
    return *got > 0;
  }
  ssize_t got = 0;
  do got = ::pread(from.fd.get(), buffer_.data() + before, block, from.offset);
  while (got < 0 && errno == EINTR);
  buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0) return fail_errno(errno, "read the log {}", path_);
  from.offset += got;
  return got > 0;
}

/// Of the file that was read to its end: false while it is the one that is written to and has not been emptied, true
/// when there is more of it; none when it was put aside, and all of it was read.
result<std::optional<bool>> reader::still_written() {
  auto& last = files_.front();
  struct stat now {
  }, ours{};
  if (::stat(path_.c_str(), &now) == 0 && now.st_ino == last.inode) {
    if (::fstat(last.fd.get(), &ours) != 0 || ours.st_size >= last.offset) return std::optional(false);
    last.offset = 0; // emptied in place (rotation with a single file)
    buffer_.clear();
    read_ = 0;
    return std::optional(true);
  }
  // Renamed: the writer may have added to it between our last read and the rename.
  GANTRY_LET(const bool more, fill());
  return more ? std::optional(true) : std::nullopt;
}

/// At the end of the front file: on to the next one, or to what a rotation made meanwhile. False: nothing newer.
result<bool> reader::advance() {
  if (files_.size() > 1) {
    files_.pop_front();
    buffer_.clear();
    read_ = 0;
    return true;
  }
  if (!files_.empty() && !files_.front().packed) {
    GANTRY_LET(const auto more, still_written());
    if (more) return *more;
  }
  GANTRY_LET(auto newer, files_after(files_.empty() ? nullptr : &files_.front()));
  if (newer.empty()) return false;
  files_ = std::move(newer);
  buffer_.clear();
  read_ = 0;
  return true;
}

std::optional<std::string> reader::take_line() {
  for (;;) {
    auto end = buffer_.find('\n', read_);
    if (end == std::string::npos) {
      if (buffer_.size() - read_ > max_line) {
        skipping_ = true;
        read_ = buffer_.size();
      }
      return std::nullopt;
    }
    auto line = buffer_.substr(read_, end - read_);
    read_ = end + 1;
    if (!skipping_) return line;
    skipping_ = false; // that was the rest of a line too long
  }
}

bool reader::wanted(const entry& e) const {
  if (what_.since != 0 && e.time < what_.since) return false;
  return e.from == output::out ? what_.want_out : what_.want_err;
}

result<std::optional<entry>> reader::next() {
  while (!finished_) {
    if (auto line = take_line()) {
      if (files_.front().skip > 0) {
        --files_.front().skip;
        continue;
      }
      auto parsed = parse_line(*line);
      if (!parsed) continue;
      if (what_.until != 0 && parsed->time > what_.until) {
        finished_ = true;
        break;
      }
      if (wanted(*parsed)) return parsed;
      continue;
    }
    bool more = false;
    if (!files_.empty()) {
      GANTRY_LET(more, fill());
    }
    if (more) continue;
    GANTRY_LET(bool moved, advance());
    if (!moved) break;
  }
  return std::optional<entry>();
}

} // namespace gantry::log
