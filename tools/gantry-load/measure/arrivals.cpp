#include "tools/gantry-load/measure/arrivals.hpp"

#include <cmath>

namespace gantry::load {

nanoseconds arrivals::next() {
  // 53 bits, in [0, 1): 1 minus it is never 0, so the logarithm is finite.
  auto uniform = static_cast<double>(random_() >> 11) * 0x1.0p-53;
  seconds_ += -std::log1p(-uniform) / rate_;
  return nanoseconds(static_cast<std::int64_t>(seconds_ * 1e9));
}

} // namespace gantry::load
