#pragma once

#include <memory>

#include "store/byte_source.hpp"

namespace gantry::store {

/// The bytes of `from`, decompressed in this process when they begin as gzip, bzip2, xz or zstd do; as they are when
/// they begin otherwise. `from` outlives the result. Memory is bounded whatever the streams ask for. Errors: those of
/// `from`, and of the decompressors.
result<std::unique_ptr<byte_source>> plain_source(byte_source& from);

} // namespace gantry::store
