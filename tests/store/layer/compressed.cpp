#include "tests/store/layer/compressed.hpp"

#include <zlib.h>
#include <zstd.h>

#include <stdexcept>
#include <vector>

namespace gantry::test {

std::string gzip(const std::string& plain, const std::string& name, int level) {
  z_stream z{};
  if (deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::runtime_error("zlib");
  gz_header header{};
  std::string name_copy = name, extra = "extra field";
  if (!name.empty()) {
    header.name = header.comment = reinterpret_cast<Bytef*>(name_copy.data());
    header.extra = reinterpret_cast<Bytef*>(extra.data());
    header.extra_len = static_cast<uInt>(extra.size());
    header.hcrc = 1;
    deflateSetHeader(&z, &header);
  }
  std::string out(deflateBound(&z, plain.size()) + 1024 + 2 * name.size(), '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  z.avail_in = static_cast<uInt>(plain.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  if (deflate(&z, Z_FINISH) != Z_STREAM_END) throw std::runtime_error("zlib");
  out.resize(out.size() - z.avail_out);
  deflateEnd(&z);
  return out;
}

std::string zstd(const std::string& plain, int window_log) {
  auto* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  std::string out(ZSTD_compressBound(plain.size()) + 64, '\0');
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  ZSTD_inBuffer from{plain.data(), 0, 0};
  // In two steps, so that the frame does not shrink its window to the content's size.
  from.size = plain.size() / 2;
  ZSTD_compressStream2(context, &to, &from, ZSTD_e_continue);
  from.size = plain.size();
  auto left = ZSTD_compressStream2(context, &to, &from, ZSTD_e_end);
  ZSTD_freeCCtx(context);
  if (left != 0) throw std::runtime_error("zstd");
  out.resize(to.pos);
  return out;
}

} // namespace gantry::test
