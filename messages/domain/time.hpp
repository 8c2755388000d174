#pragma once

#include <cstdint>

namespace gantry {

using unix_nanos = std::int64_t; ///< wall clock, nanoseconds since the epoch; 0 means never

} // namespace gantry
