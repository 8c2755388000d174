#pragma once

#include <memory>
#include <vector>

#include "store/byte_source.hpp"

struct ZSTD_DCtx_s;

namespace gantry::store {

/// Decompresses zstd (RFC 8878), skippable frames included. See decompress().
class zstd_source final : public byte_source {
public:
  explicit zstd_source(byte_source& compressed);
  result<std::size_t> read(std::span<char> into) override;

private:
  struct free_context {
    void operator()(ZSTD_DCtx_s* context) const;
  };
  byte_source& from_;
  std::unique_ptr<ZSTD_DCtx_s, free_context> context_;
  std::vector<char> input_;
  std::size_t begin_ = 0, end_ = 0;
  bool at_end_ = false, frame_open_ = true; // an empty stream is no zstd stream
};

} // namespace gantry::store
