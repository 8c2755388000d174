#pragma once

#include <cstdint>
#include <string>

#include "messages/domain/error.hpp"

namespace gantry::store {

/// Gives out the numbers that name the folders of one kind (layers, snapshots): each once in a store's life, so that
/// what is deleted late can never be taken for something new. The next free one stands in <folder>/next, 64 numbers
/// ahead of what was given out, synced; those left over at the end of the process are skipped. One object per folder,
/// one thread at a time; a call blocks on the disk once in 64.
class numbers {
public:
  /// Of `folder`, e.g. <root>/layers. A lost or unreadable file is made good from the folders that are there.
  static result<numbers> open(std::string folder);

  /// From 1 on. Errors: exhausted when the disk is full, the errno's code.
  result<std::uint64_t> next();

private:
  numbers(std::string file, std::uint64_t from) : file_(std::move(file)), next_(from), end_(from) {}

  std::string file_;
  std::uint64_t next_, end_; ///< [next_, end_) are ours to give
};

} // namespace gantry::store
