#include "store/archive/bzip2_source.hpp"

#include <bzlib.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace gantry::store {

struct bzip2_source::state {
  bz_stream stream{};
  std::vector<char> input = std::vector<char>(64 << 10);
  bool open = false, any = false;

  ~state() {
    if (open) BZ2_bzDecompressEnd(&stream);
  }
};

bzip2_source::bzip2_source(byte_source& compressed) : from_(compressed), state_(std::make_unique<state>()) {}
bzip2_source::~bzip2_source() = default;

/// False at the end of the input.
result<bool> bzip2_source::refill() {
  auto& s = *state_;
  if (s.stream.avail_in > 0) return true;
  GANTRY_LET(const auto got, from_.read(s.input));
  s.stream.next_in = s.input.data();
  s.stream.avail_in = static_cast<unsigned>(got);
  return got > 0;
}

result<std::size_t> bzip2_source::read(std::span<char> into) {
  auto& s = *state_;
  const auto room = static_cast<unsigned>(std::min<std::size_t>(into.size(), std::numeric_limits<int>::max()));
  while (room > 0) {
    GANTRY_LET(const bool more, refill());
    if (!more && !s.open && s.any) return 0;
    if (!more) return fail(errc::corrupt, "the bzip2 stream is truncated");
    if (!s.open && BZ2_bzDecompressInit(&s.stream, 0, 0) != BZ_OK)
      return fail(errc::exhausted, "no memory for a bzip2 decompressor");
    s.open = s.any = true;
    s.stream.next_out = into.data();
    s.stream.avail_out = room;
    const auto status = BZ2_bzDecompress(&s.stream);
    if (status != BZ_OK && status != BZ_STREAM_END)
      return fail(errc::corrupt, "the bzip2 stream is damaged (code {})", status);
    const auto made = room - s.stream.avail_out;
    if (status == BZ_STREAM_END) {
      BZ2_bzDecompressEnd(&s.stream);
      s.open = false;
    }
    if (made > 0) return made;
  }
  return 0;
}

} // namespace gantry::store
