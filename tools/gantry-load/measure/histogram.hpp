#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace gantry::load {

using nanoseconds = std::chrono::nanoseconds;

/// Counts of durations in log-linear buckets, as HdrHistogram has them (hdrhistogram.org): each power of two is cut
/// into 128 equal parts, so a quantile is at most 0.4 % off whatever its size, and recording costs one increment. Below
/// 128 ns values are exact. Longer than 39 hours counts as 39 hours; negative counts as 0. About 40 KB each; for one
/// thread.
class histogram {
public:
  histogram();

  void record(nanoseconds value);
  /// Adds all that `other` has counted.
  void merge(const histogram& other);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// Exact; zero when nothing was counted, as are those below.
  [[nodiscard]] nanoseconds min() const { return nanoseconds(count_ == 0 ? 0 : min_); }
  [[nodiscard]] nanoseconds max() const { return nanoseconds(max_); }
  [[nodiscard]] nanoseconds mean() const;
  /// The value that a share `quantile` (0 to 1) of all does not exceed, by nearest rank: at(1) is max, at(0) is min.
  [[nodiscard]] nanoseconds at(double quantile) const;

private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  double sum_ = 0;
  std::int64_t min_ = 0, max_ = 0;
};

} // namespace gantry::load
