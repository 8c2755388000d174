#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "runtime/log/gzip_file.hpp"
#include "runtime/log/json_line.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::log {

/// Which entries of a log are wanted.
struct query {
  std::int64_t tail = -1;          ///< the last so many entries, of both streams; -1: all
  unix_nanos since = 0, until = 0; ///< inclusive; 0: no bound
  bool want_out = true, want_err = true;
};

/// Reads a log in either format with its rotated files, compressed ones too, oldest entry first, while it may be
/// written and rotated. Blocks on the disk: for a pool, not for an actor. One thread at a time. It holds a descriptor
/// per file not yet read.
class reader {
public:
  /// Finds the place to begin: for a tail by reading backwards from the end, without parsing. A log that does not exist
  /// is empty (the container wrote nothing yet). Errors: the errno's.
  static result<reader> open(std::string path, query what);

  /// The next wanted entry; none when the log has no more for now: after `log_advanced` (or the end of the container)
  /// call it again to follow. A last line without its newline is being written: it waits. Lines that are torn or of
  /// no format are skipped. A line over 1 MiB is no entry of ours and is skipped too. Errors: the errno's; corrupt for
  /// a compressed file that is not whole.
  result<std::optional<entry>> next();

  /// True once an entry past `until` was met: nothing more will come.
  [[nodiscard]] bool finished() const { return finished_; }

private:
  struct file {
    sys::unique_fd fd;                   ///< of a plain one
    std::optional<gzip_reader> packed{}; ///< of a compressed one
    std::uint64_t inode = 0;
    std::int64_t offset = 0; ///< plain: of the next byte to read into buffer_
    std::int64_t skip = 0;   ///< compressed: how many lines a tail leaves out
    [[nodiscard]] int descriptor() const { return packed ? packed->fd() : fd.get(); }
  };
  reader(std::string path, query what) : path_(std::move(path)), what_(what) {}
  static result<std::optional<file>> open_file(const std::string& path);
  static result<std::optional<file>> open_rotated(const std::string& path, int index);
  static bool same(const file& a, const file& b);
  /// Opens what was written after `known` (null: everything), oldest first.
  result<std::deque<file>> files_after(const file* known) const;
  result<void> seek_tail();
  static result<void> seek_tail_in(file& in, std::int64_t& wanted);
  result<bool> fill();
  result<bool> advance();
  [[nodiscard]] result<std::optional<bool>> still_written();
  std::optional<std::string> take_line();
  [[nodiscard]] bool wanted(const entry& e) const;

  std::string path_;
  query what_;
  std::deque<file> files_; ///< the front is being read; the last is (or was) the active one
  std::string buffer_;
  std::size_t read_ = 0;
  bool skipping_ = false; ///< within a line that is too long
  bool finished_ = false;
};

} // namespace gantry::log
