#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/log/json_line.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::log {

/// When a log file is replaced by a fresh one.
struct rotation {
  std::int64_t max_bytes = 0; ///< 0: never
  int max_files = 1;          ///< with the one being written; 1: it is emptied instead
  bool compress = false;      ///< those that are put aside
};

/// How an entry is written.
enum class format : std::uint8_t {
  json_file, ///< Docker's (json_line.hpp)
  cri,       ///< Kubernetes' (cri_line.hpp); also that of Docker's driver `local`, whose own is nobody else's to read
};

/// Writes one container's output as a log: cuts it into lines, lines over max_entry_text into several entries, and
/// rotates <path> to <path>.1, <path>.1 to <path>.2 and so on (rotated_files.hpp). One thread; blocks on the disk. The
/// file is opened, its folder made, with the first entry, or by `reopen`.
class writer {
public:
  /// `attributes` are written with each entry of a json_file.
  writer(std::string path, rotation when, format how = format::json_file, const attribute_list& attributes = {})
      : path_(std::move(path)), when_(when), how_(how), attributes_(json_attributes(attributes)) {}

  /// Has rotated files compressed elsewhere than on this thread, while more is written: it may take a second.
  using work = std::function<result<void>()>;
  void compress_by(std::function<void(work)> later) { later_ = std::move(later); }

  /// Adds output as it came: a line may be spread over many calls; `time` is that of the call which ends it. On an
  /// error (the disk is full) this output is lost and the next is tried again.
  result<void> write(output from, unix_nanos time, std::string_view bytes);

  /// Writes what came after the last newline, as it is. For the end of the output.
  result<void> finish(unix_nanos time);

  /// Goes on in a fresh file at the path: somebody has renamed the one in use. What is written of a line stays, the
  /// rest of it goes to the new file. Errors: the errno's; the file in use then stays in use, so that nothing is lost.
  result<void> reopen();

  [[nodiscard]] const std::string& path() const { return path_; }

private:
  struct stream {
    output from;
    std::string partial; ///< shorter than max_entry_text
  };
  result<void> cut(stream& from, unix_nanos time, std::string_view bytes);
  result<void> add(output from, unix_nanos time, std::string_view text);
  result<void> flush();
  result<void> open();
  result<void> rotate();
  void compress();

  std::string path_;
  rotation when_;
  format how_;
  std::string attributes_;
  sys::unique_fd file_;
  std::int64_t size_ = 0; ///< of the file and of batch_ together
  std::function<void(work)> later_;
  /// Work is due that will find what was put aside until it begins.
  std::shared_ptr<std::atomic<bool>> compressing_ = std::make_shared<std::atomic<bool>>(false);
  std::string batch_; ///< entries not yet written; empty between calls
  std::array<stream, 2> streams_{{{output::out, {}}, {output::err, {}}}};
};

} // namespace gantry::log
