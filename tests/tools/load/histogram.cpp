#include "tools/gantry-load/measure/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include "tests/catch.hpp"

using namespace gantry::load;

namespace {

/// The nearest-rank quantile of what was recorded, by sorting.
std::int64_t exact(std::vector<std::int64_t> values, double quantile) {
  std::sort(values.begin(), values.end());
  auto rank = static_cast<std::size_t>(std::ceil(quantile * static_cast<double>(values.size())));
  return values[std::max<std::size_t>(rank, 1) - 1];
}

} // namespace

TEST_CASE("a histogram's quantiles are within one percent, whatever the size of the values") {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> exponent(0, 42); // one nanosecond to an hour
  histogram h;
  std::vector<std::int64_t> values;
  for (int i = 0; i < 20000; ++i) {
    values.push_back(static_cast<std::int64_t>(std::exp2(exponent(random))));
    h.record(nanoseconds(values.back()));
  }
  for (double quantile : {0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999}) {
    auto want = static_cast<double>(exact(values, quantile)), got = static_cast<double>(h.at(quantile).count());
    INFO(quantile << ": " << got << ", exactly " << want);
    CHECK(std::abs(got - want) <= want * 0.01);
  }
}

TEST_CASE("every single value is found again within one percent") {
  for (std::int64_t value = 1; value < (std::int64_t{1} << 46); value = value * 17 / 16 + 1) {
    histogram h;
    h.record(nanoseconds(1)); // so that the value is neither min nor max, which are exact
    for (int i = 0; i < 9; ++i) h.record(nanoseconds(value));
    h.record(nanoseconds(value * 2));
    auto off = std::abs(static_cast<double>(h.at(0.5).count() - value));
    INFO(value);
    CHECK(off <= static_cast<double>(value) * 0.01);
  }
}

TEST_CASE("a histogram's ends are exact, and an empty one says zero") {
  histogram h;
  CHECK(h.count() == 0);
  CHECK(h.min().count() == 0);
  CHECK(h.at(0.99).count() == 0);
  CHECK(h.mean().count() == 0);
  for (int value : {123457, 99991, 1000003}) h.record(nanoseconds(value));
  CHECK(h.min().count() == 99991);
  CHECK(h.max().count() == 1000003);
  CHECK(h.at(0).count() == 99991);
  CHECK(h.at(1).count() == 1000003);
  CHECK(h.mean().count() == (123457 + 99991 + 1000003) / 3);
}

TEST_CASE("what is out of range counts at the range's end") {
  histogram h;
  h.record(nanoseconds(-5));
  CHECK(h.max().count() == 0);
  h.record(std::chrono::hours(100));
  CHECK(h.max() > std::chrono::hours(39));
  CHECK(h.max() < std::chrono::hours(40));
  CHECK(h.count() == 2);
}

TEST_CASE("merged histograms are the histogram of all") {
  histogram all, one, other;
  for (int i = 0; i < 1000; ++i) {
    all.record(nanoseconds(i * i));
    (i % 3 == 0 ? one : other).record(nanoseconds(i * i));
  }
  one.merge(histogram());
  one.merge(other);
  for (double quantile : {0.0, 0.1, 0.5, 0.99, 1.0}) CHECK(one.at(quantile) == all.at(quantile));
  CHECK(one.count() == all.count());
  histogram fresh;
  fresh.merge(all);
  CHECK(fresh.min() == all.min());
}
