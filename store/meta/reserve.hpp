#pragma once

#include <cstdint>
#include <string>

#include "messages/domain/error.hpp"

namespace gantry::store {

/// Disk space kept back, so that records can still be erased when the disk is full: SQLite needs room in its log for a
/// deletion too, and nothing frees space until the deletion's record is down. Blocks of a file system that copies on
/// write may be shared or compressed there; the reserve then helps less.
class reserve_file {
public:
  explicit reserve_file(std::string path, std::uint64_t bytes = 4u << 20) : path_(std::move(path)), bytes_(bytes) {}

  /// Allocates it if it is not there whole. Errors: exhausted; nothing of it is left then.
  result<void> restore();
  /// Gives the space back to the file system; true when there was any.
  bool release();

private:
  std::string path_;
  std::uint64_t bytes_;
};

} // namespace gantry::store
