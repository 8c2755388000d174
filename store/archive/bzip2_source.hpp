#pragma once

#include <memory>

#include "store/byte_source.hpp"

namespace gantry::store {

/// Decompresses bzip2, several streams in a row as one. Takes 4 MiB at most. Errors: corrupt, and those of the source.
class bzip2_source final : public byte_source {
public:
  explicit bzip2_source(byte_source& compressed);
  ~bzip2_source() override;
  result<std::size_t> read(std::span<char> into) override;

private:
  struct state;
  result<bool> refill();
  byte_source& from_;
  std::unique_ptr<state> state_;
};

} // namespace gantry::store
