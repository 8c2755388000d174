#pragma once

#include <chrono>
#include <random>

#include "tools/gantry-load/measure/histogram.hpp"

namespace gantry::load {

/// The moments at which clients of an open system come: a Poisson process, that is, with independent exponential gaps.
/// The same seed gives the same moments on every host: the uniform numbers are made from the generator's bits here,
/// because the standard leaves std::exponential_distribution's algorithm open.
class arrivals {
public:
  /// `per_second` must be above 0.
  arrivals(double per_second, std::uint64_t seed) : rate_(per_second), random_(seed) {}

  /// When the next one comes, from the beginning of the process; never earlier than the one before.
  nanoseconds next();

private:
  double rate_;
  double seconds_ = 0;
  std::mt19937_64 random_;
};

} // namespace gantry::load
