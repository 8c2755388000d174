#include "store/volume/copy_content.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "runtime/sys/files.hpp"

namespace gantry::store {
namespace {

constexpr std::size_t chunk_bytes = 1 << 20;

/// Where copy_file_range(2) cannot: between file systems of two kinds, or from a special one.
result<std::size_t> copy_by_hand(int from, int to, off_t at, std::size_t bytes) {
  std::vector<char> buffer(std::min(bytes, chunk_bytes));
  auto got = ::pread(from, buffer.data(), buffer.size(), at);
  if (got < 0) return fail_errno(errno, "read");
  if (::lseek(to, at, SEEK_SET) < 0) return fail_errno(errno, "seek");
  GANTRY_TRY(sys::write_all(to, {buffer.data(), static_cast<std::size_t>(got)}));
  return static_cast<std::size_t>(got);
}

result<std::size_t> copy_some(int from, int to, off_t at, std::size_t bytes) {
  off_t in = at, out = at;
  auto done = ::copy_file_range(from, &in, to, &out, bytes, 0);
  if (done > 0) return static_cast<std::size_t>(done);
  if (done < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO)) return fail_errno(errno, "copy");
  return copy_by_hand(from, to, at, bytes);
}

/// The bytes of [at, end); fewer when the file became shorter meanwhile.
result<std::uint64_t> copy_range(int from, int to, off_t at, off_t end) {
  std::uint64_t copied = 0;
  while (at < end) {
    GANTRY_LET(auto done, copy_some(from, to, at, static_cast<std::size_t>(end - at)));
    if (done == 0) break;
    at += static_cast<off_t>(done);
    copied += done;
  }
  return copied;
}

} // namespace

result<std::uint64_t> copy_content(int from, int to, std::uint64_t limit) {
  struct stat status {};
  if (::fstat(from, &status) != 0) return fail_errno(errno, "stat");
  off_t size = status.st_size, at = 0;
  std::uint64_t copied = 0;
  while (at < size) {
    auto data = ::lseek(from, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break; // a hole to the end
    auto hole = data < 0 ? -1 : ::lseek(from, data, SEEK_HOLE);
    if (data < 0 || hole < 0) data = at, hole = size; // a file system that does not know holes
    hole = std::min(hole, size);
    if (copied + static_cast<std::uint64_t>(hole - data) > limit)
      return fail(errc::exhausted, "more than the limit of bytes to copy");
    GANTRY_LET(auto done, copy_range(from, to, data, hole));
    copied += done;
    at = hole;
  }
  if (::ftruncate(to, size) != 0) return fail_errno(errno, "set size");
  return copied;
}

} // namespace gantry::store
