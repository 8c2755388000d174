#include "runtime/log/gzip_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include <zlib.h>

#include "runtime/sys/files.hpp"

namespace gantry::log {
namespace {

constexpr std::size_t chunk = 64u << 10;
constexpr int gzip_window = 15 + 16; // zlib.h: 16 more for gzip's header and trailer

struct deflater {
  z_stream stream{};
  bool begun = false;
  ~deflater() {
    if (begun) ::deflateEnd(&stream);
  }
};

/// Feeds `input` and writes out what becomes of it; all that is left with Z_FINISH.
result<void> feed(z_stream& stream, std::span<char> input, int flush, int packed) {
  std::array<char, chunk> out;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  do {
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    if (::deflate(&stream, flush) == Z_STREAM_ERROR) return fail(errc::internal, "zlib cannot compress");
    GANTRY_TRY(sys::write_all(packed, std::string_view(out.data(), out.size() - stream.avail_out)));
  } while (stream.avail_out == 0);
  return {};
}

gzFile handle(void* file) { return static_cast<gzFile>(file); }

} // namespace

result<void> compress_file(int plain, int packed) {
  deflater with;
  if (::deflateInit2(&with.stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return fail(errc::exhausted, "no memory to compress a log");
  with.begun = true;
  std::vector<char> bytes(chunk);
  for (off_t at = 0;;) {
    const auto got = ::pread(plain, bytes.data(), bytes.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "read the log");
    GANTRY_TRY(
        feed(with.stream, {bytes.data(), static_cast<std::size_t>(got)}, got == 0 ? Z_FINISH : Z_NO_FLUSH, packed));
    if (got == 0) break;
    at += got;
  }
  // The plain file is removed next: a power cut must not leave neither.
  if (::fdatasync(packed) != 0) return fail_errno(errno, "sync the compressed log");
  return {};
}

std::uint32_t expanded_size(int packed) {
  std::array<unsigned char, 4> last{};
  const auto end = ::lseek(packed, 0, SEEK_END);
  if (end < 4 || ::pread(packed, last.data(), last.size(), end - 4) != 4) return 0;
  return last[0] | std::uint32_t{last[1]} << 8U | std::uint32_t{last[2]} << 16U | std::uint32_t{last[3]} << 24U;
}

void gzip_reader::closer::operator()(void* file) const { ::gzclose(handle(file)); }

result<std::size_t> gzip_reader::read(std::span<char> into) {
  if (!file_) {
    sys::unique_fd own(::fcntl(packed_.get(), F_DUPFD_CLOEXEC, 0));
    if (!own || ::lseek(own.get(), 0, SEEK_SET) != 0) return fail_errno(errno, "read the compressed log");
    file_.reset(::gzdopen(own.get(), "rb"));
    if (!file_) return fail(errc::exhausted, "no memory to expand a log");
    (void)own.release(); // zlib's now
  }
  const auto got = ::gzread(handle(file_.get()), into.data(), static_cast<unsigned>(into.size()));
  int status = Z_OK;
  const char* why = ::gzerror(handle(file_.get()), &status);
  if (status == Z_ERRNO) return fail_errno(errno, "read the compressed log");
  if (got < 0 || status == Z_BUF_ERROR || ::gzdirect(handle(file_.get())) != 0)
    return fail(errc::corrupt, "a compressed log is no whole gzip file: {}", why);
  return static_cast<std::size_t>(got);
}

void gzip_reader::rewind() { file_.reset(); }

} // namespace gantry::log
