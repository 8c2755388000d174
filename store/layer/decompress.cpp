#include "store/layer/decompress.hpp"

#include "store/layer/gzip_source.hpp"
#include "store/layer/zstd_source.hpp"

namespace gantry::store {
namespace {

class plain_source final : public byte_source {
public:
  explicit plain_source(byte_source& from) : from_(from) {}
  result<std::size_t> read(std::span<char> into) override { return from_.read(into); }

private:
  byte_source& from_;
};

} // namespace

std::unique_ptr<byte_source> decompress(byte_source& compressed, compression how) {
  switch (how) {
  case compression::gzip:
    return std::make_unique<gzip_source>(compressed);
  case compression::zstd:
    return std::make_unique<zstd_source>(compressed);
  case compression::none:
    break;
  }
  return std::make_unique<plain_source>(compressed);
}

} // namespace gantry::store
