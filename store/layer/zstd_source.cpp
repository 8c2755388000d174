#include "store/layer/zstd_source.hpp"

#include <zstd.h>

#include "store/layer/decompress.hpp"

namespace gantry::store {

void zstd_source::free_context::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

zstd_source::zstd_source(byte_source& compressed)
    : from_(compressed), context_(ZSTD_createDCtx()), input_(ZSTD_DStreamInSize() * 2) {
  if (context_) ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, max_zstd_window_log);
}

result<std::size_t> zstd_source::read(std::span<char> into) {
  if (!context_) return fail(errc::exhausted, "no memory for a zstd decompressor");
  while (!into.empty()) {
    if (begin_ == end_ && !at_end_) {
      GANTRY_LET(end_, from_.read(input_));
      begin_ = 0;
      at_end_ = end_ == 0;
    }
    if (at_end_ && !frame_open_) return 0;
    ZSTD_outBuffer out{into.data(), into.size(), 0};
    ZSTD_inBuffer in{input_.data(), end_, begin_};
    auto status = ZSTD_decompressStream(context_.get(), &out, &in);
    if (ZSTD_isError(status) != 0)
      return fail(errc::corrupt, "the zstd stream is damaged: {}", ZSTD_getErrorName(status));
    begin_ = in.pos;
    frame_open_ = status != 0;
    if (out.pos > 0) return out.pos;
    if (at_end_ && frame_open_) return fail(errc::corrupt, "the zstd stream is truncated");
  }
  return 0;
}

} // namespace gantry::store
