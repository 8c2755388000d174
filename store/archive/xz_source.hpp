#pragma once

#include <memory>

#include "store/byte_source.hpp"

namespace gantry::store {

/// The most memory that an xz stream may ask for: its dictionary, which `xz -9` makes 64 MiB.
inline constexpr std::uint64_t max_xz_memory = 128 << 20;

/// Decompresses xz, several streams in a row as one. Errors: corrupt; exhausted over max_xz_memory; those of the
/// source.
class xz_source final : public byte_source {
public:
  explicit xz_source(byte_source& compressed);
  ~xz_source() override;
  result<std::size_t> read(std::span<char> into) override;

private:
  struct state;
  byte_source& from_;
  std::unique_ptr<state> state_;
};

} // namespace gantry::store
