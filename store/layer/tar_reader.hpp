#pragma once

#include <functional>
#include <memory>
#include <span>

#include "messages/domain/digest.hpp"
#include "store/byte_source.hpp"
#include "store/layer/entry.hpp"

namespace gantry::store {

/// Reads a tar archive (V7, ustar, GNU, pax) entry by entry with libarchive, names in any bytes, and hashes every
/// byte that it is made of. libarchive only parses: no filters, nothing touches the disk. One thread.
class tar_reader {
public:
  /// `uncompressed` and `cancelled` (may be empty) outlive the reader. Over `max_bytes` it fails with `exhausted`.
  tar_reader(byte_source& uncompressed, const std::function<bool()>& cancelled, std::uint64_t max_bytes);
  ~tar_reader();
  tar_reader(const tar_reader&) = delete;
  tar_reader& operator=(const tar_reader&) = delete;

  /// Reads the next entry's header, leaving out what is left of the last one. False at the archive's end.
  /// Errors: corrupt, naming the entry where its name is known; a header of more than 4 MiB (long names, xattrs
  /// and sparse maps count); owners, devices or times out of range; types that no layer may hold.
  result<bool> next(tar_entry& into);

  /// A piece of the entry's content; what lies between pieces is a hole.
  struct block {
    std::span<const char> bytes;
    std::uint64_t offset = 0;
  };
  /// The next piece, valid until the next call. False at the content's end.
  result<bool> next_block(block& into);

  /// Reads what follows the archive's end and gives the digest of the whole stream. Call once, at the end.
  result<digest> finish();

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace gantry::store
