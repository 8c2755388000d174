#include "store/archive/xz_source.hpp"

#include <lzma.h>

#include <vector>

namespace gantry::store {

struct xz_source::state {
  lzma_stream stream = LZMA_STREAM_INIT;
  std::vector<char> input = std::vector<char>(64 << 10);
  bool ready = false, input_ended = false, ended = false;

  ~state() { lzma_end(&stream); }
};

xz_source::xz_source(byte_source& compressed) : from_(compressed), state_(std::make_unique<state>()) {
  state_->ready = lzma_stream_decoder(&state_->stream, max_xz_memory, LZMA_CONCATENATED) == LZMA_OK;
}
xz_source::~xz_source() = default;

result<std::size_t> xz_source::read(std::span<char> into) {
  auto& s = *state_;
  if (!s.ready) return fail(errc::exhausted, "no memory for an xz decompressor");
  s.stream.next_out = reinterpret_cast<std::uint8_t*>(into.data());
  s.stream.avail_out = into.size();
  while (!s.ended && s.stream.avail_out == into.size() && !into.empty()) {
    if (s.stream.avail_in == 0 && !s.input_ended) {
      GANTRY_LET(s.stream.avail_in, from_.read(s.input));
      s.stream.next_in = reinterpret_cast<std::uint8_t*>(s.input.data());
      s.input_ended = s.stream.avail_in == 0;
    }
    const auto status = lzma_code(&s.stream, s.input_ended ? LZMA_FINISH : LZMA_RUN);
    s.ended = status == LZMA_STREAM_END;
    if (status == LZMA_MEMLIMIT_ERROR)
      return fail(errc::exhausted, "the xz stream asks for more than {} bytes of memory", max_xz_memory);
    if (status != LZMA_OK && !s.ended)
      return fail(errc::corrupt, "the xz stream is damaged or truncated (code {})", static_cast<int>(status));
  }
  return into.size() - s.stream.avail_out;
}

} // namespace gantry::store
