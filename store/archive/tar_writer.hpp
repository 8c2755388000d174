#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "messages/domain/error.hpp"
#include "store/layer/entry.hpp"

namespace gantry::store {

/// Where bytes go in order, pushed by one writer that may block. Errors are final. Not for an actor's thread.
class byte_sink {
public:
  virtual ~byte_sink() = default;
  virtual result<void> write(std::string_view bytes) = 0;
};

/// What a file of this st_mode is in an archive. A socket is nothing: it means something to its process alone.
std::optional<entry_kind> entry_kind_of(mode_t mode);

/// Writes a tar archive: POSIX ustar, with pax records for what that cannot hold (pax(1), "pax Interchange Format").
/// Names go in as the bytes that they are. Times are whole seconds, as Docker's archives have them. One thread.
class tar_writer {
public:
  /// `to` outlives the writer.
  explicit tar_writer(byte_sink& to) : to_(to) {}

  /// Begins an entry; a file's `size` bytes of content follow. What is missing of the last one's becomes zeros.
  result<void> add(const tar_entry& entry);
  /// The next piece of the content. More than the entry's size is cut off: a file may grow while it is read.
  result<void> content(std::string_view piece);
  /// Ends the archive and hands over what is left.
  result<void> finish();

private:
  result<void> put(std::string_view bytes);
  result<void> end_entry();

  byte_sink& to_;
  std::string buffer_;
  std::uint64_t left_ = 0; ///< of the content of the present entry
  std::size_t padding_ = 0;
};

} // namespace gantry::store
