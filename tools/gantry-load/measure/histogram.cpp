#include "tools/gantry-load/measure/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace gantry::load {

namespace {

constexpr unsigned part_bits = 7, value_bits = 47;
constexpr std::uint64_t parts = 1u << part_bits, largest = (std::uint64_t{1} << value_bits) - 1;
// Values below `parts` have a bucket each; each further power of two has `parts` of them.
constexpr std::size_t bucket_count = parts + (value_bits - part_bits) * parts;

std::size_t bucket_of(std::uint64_t value) {
  if (value < parts) return value;
  auto shift = static_cast<unsigned>(std::bit_width(value)) - part_bits - 1;
  return parts + shift * parts + (value >> shift) - parts;
}

/// The middle of a bucket, so that the error is half its width at most.
std::int64_t value_of(std::size_t bucket) {
  if (bucket < parts) return static_cast<std::int64_t>(bucket);
  auto shift = (bucket - parts) / parts;
  auto low = (parts + (bucket - parts) % parts) << shift;
  return static_cast<std::int64_t>(low + ((std::uint64_t{1} << shift) >> 1));
}

} // namespace

histogram::histogram() : buckets_(bucket_count) {}

void histogram::record(nanoseconds value) {
  auto ticks = std::clamp<std::int64_t>(value.count(), 0, static_cast<std::int64_t>(largest));
  ++buckets_[bucket_of(static_cast<std::uint64_t>(ticks))];
  min_ = count_ == 0 ? ticks : std::min(min_, ticks);
  max_ = std::max(max_, ticks);
  sum_ += static_cast<double>(ticks);
  ++count_;
}

void histogram::merge(const histogram& other) {
  if (other.count_ == 0) return;
  for (std::size_t i = 0; i < bucket_count; ++i) buckets_[i] += other.buckets_[i];
  min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
  count_ += other.count_;
}

nanoseconds histogram::mean() const {
  return nanoseconds(count_ == 0 ? 0 : static_cast<std::int64_t>(sum_ / static_cast<double>(count_)));
}

nanoseconds histogram::at(double quantile) const {
  if (count_ == 0) return nanoseconds(0);
  auto exact = std::ceil(std::clamp(quantile, 0.0, 1.0) * static_cast<double>(count_));
  auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(exact), 1, count_);
  if (rank == 1) return min();
  if (rank == count_) return max();
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < bucket_count; ++i)
    if ((seen += buckets_[i]) >= rank) return nanoseconds(std::clamp(value_of(i), min_, max_));
  return max();
}

} // namespace gantry::load
