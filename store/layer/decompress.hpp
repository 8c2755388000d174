#pragma once

#include <memory>

#include "messages/domain/descriptor.hpp"
#include "store/byte_source.hpp"

namespace gantry::store {

/// The most that a zstd frame may ask for as its window, as a power of two: 128 MiB, zstd's own default bound.
inline constexpr int max_zstd_window_log = 27;

/// The uncompressed bytes of `compressed`, which must outlive the result. Several gzip members or zstd frames in a
/// row are one stream (RFC 1952 section 2.2, RFC 8878 section 3). Errors: corrupt (not that format, bad checksum,
/// truncated, bytes after the end that start no member), and those of `compressed`. One thread at a time.
std::unique_ptr<byte_source> decompress(byte_source& compressed, compression how);

} // namespace gantry::store
