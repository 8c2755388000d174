#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "messages/domain/error.hpp"

namespace gantry::store {

struct disk_usage {
  std::uint64_t bytes = 0;        ///< allocated, as du(1) counts: holes are free, a file with several names counts once
  std::uint64_t folder_bytes = 0; ///< of `bytes`: what the directories themselves take
  std::uint64_t entries = 0;
  bool whole = true; ///< false: a bound was met, and `bytes` is of a part
};

struct usage_limits {
  std::uint64_t entries = 2'000'000; ///< also bounds the memory, to about 100 bytes for each file of several names
  std::size_t depth = 256;           ///< of directories, each an open descriptor
};

/// What the tree at `path` takes on disk, without following symlinks or crossing mounts. A container may write in it
/// meanwhile: what vanishes is not counted. Blocks; any thread. Errors: not_found, cancelled when `stop` was asked.
result<disk_usage> measure_disk_usage(const std::string& path, std::stop_token stop = {}, usage_limits limits = {});

} // namespace gantry::store
