#pragma once

#include <cmath>

namespace gantry::test {

/// Whether `got` is at most a share of `want` away from it. (Catch2's Approx has another name in each of its versions.)
inline bool near(double got, double want, double share = 1e-9) {
  return std::abs(got - want) <= std::abs(want) * share;
}

} // namespace gantry::test
