#pragma once

#include <cstddef>
#include <span>

#include "messages/domain/error.hpp"

namespace gantry::store {

/// Bytes that arrive in order, pulled by one reader that may block: a file, a download under way, a decompressor.
class byte_source {
public:
  virtual ~byte_source() = default;

  /// Fills the front of `into` with at least one byte; 0 at the end. Waits when bytes are still to come.
  /// Errors are final. Not for an actor's thread.
  virtual result<std::size_t> read(std::span<char> into) = 0;
};

} // namespace gantry::store
