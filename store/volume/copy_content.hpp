#pragma once

#include <cstdint>

#include "messages/domain/error.hpp"

namespace gantry::store {

/// Copies the content of one regular file into a new empty one, holes kept; the bytes that were written.
/// Errors: exhausted when there are more than `limit` bytes, the errno's code.
result<std::uint64_t> copy_content(int from, int to, std::uint64_t limit);

} // namespace gantry::store
