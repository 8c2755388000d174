#pragma once

#include <cstdint>
#include <stop_token>

#include "runtime/sys/rooted_dir.hpp"

namespace gantry::store {

struct copy_limits {
  std::uint64_t entries = 1'000'000;            ///< also bounds the memory: each file of several names is remembered
  std::uint64_t bytes = std::uint64_t{1} << 40; ///< of file content, holes not counted
  std::size_t depth = 128;                      ///< of directories; each is two descriptors while it is copied
};

struct copied_tree {
  std::uint64_t entries = 0, bytes = 0;
};

/// Copies the content of `from` and its own attributes into the empty directory `to`, which nobody else uses:
/// owners, modes, extended attributes, times in nanoseconds, holes, symlinks as they are, hard links, devices, FIFOs.
/// Sockets are left out, as by cp(1) -a into an image. `from` may be hostile and change meanwhile: each name is
/// resolved by openat2(2) beneath its own directory and never followed.
/// Errors: exhausted when a limit is met or the disk is full, cancelled when `stop` was asked, the errno's code with
/// the path below `from`; `to` then holds a part. Blocks; any thread.
result<copied_tree> copy_tree(const sys::rooted_dir& from, const sys::rooted_dir& to, std::stop_token stop = {},
                              copy_limits limits = {});

} // namespace gantry::store
