#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"

/// Log files that rotation has put aside and compressed (RFC 1952). All block on the disk.
namespace gantry::log {

/// Writes all of `plain`, from its beginning, to `packed` as one gzip member, and makes that durable. Memory: 300 KiB.
/// Errors: the errno's.
result<void> compress_file(int plain, int packed);

/// How many bytes a gzip file expands to, modulo 2^32, as its last four bytes say; 0 for one that is too short.
std::uint32_t expanded_size(int packed);

/// Reads a gzip file from its beginning. One thread at a time.
class gzip_reader {
public:
  explicit gzip_reader(sys::unique_fd packed) : packed_(std::move(packed)) {}

  /// The next bytes; 0 at the end. Errors: corrupt for what is no whole gzip file, or the errno's.
  result<std::size_t> read(std::span<char> into);
  void rewind();
  [[nodiscard]] int fd() const { return packed_.get(); }

private:
  struct closer {
    void operator()(void* file) const;
  };
  sys::unique_fd packed_;
  std::unique_ptr<void, closer> file_; ///< zlib's, with a descriptor of its own; opened when it is first read
};

} // namespace gantry::log
