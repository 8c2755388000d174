#include "tools/gantry-load/measure/arrivals.hpp"

#include <cmath>

#include "tests/catch.hpp"
#include "tests/tools/load/near.hpp"

using namespace gantry::load;
using gantry::test::near;

TEST_CASE("arrivals come at the rate, one after the other") {
  arrivals coming(250, 1);
  nanoseconds last{0};
  constexpr int many = 50000;
  for (int i = 0; i < many; ++i) {
    auto next = coming.next();
    REQUIRE(next >= last);
    last = next;
  }
  // The sum of n exponential gaps is off by a share of 1/sqrt(n): here 0.45 %. Five times that is no chance.
  CHECK(near(std::chrono::duration<double>(last).count(), many / 250.0, 0.0225));
}

TEST_CASE("gaps between arrivals are exponential") {
  arrivals coming(1000, 3);
  nanoseconds last{0};
  constexpr int many = 20000;
  int longer_than_mean = 0, longer_than_three = 0;
  for (int i = 0; i < many; ++i) {
    auto next = coming.next();
    std::chrono::duration<double, std::milli> gap = next - last;
    longer_than_mean += gap.count() > 1;
    longer_than_three += gap.count() > 3;
    last = next;
  }
  CHECK(near(longer_than_mean, many * std::exp(-1), 0.05));
  CHECK(near(longer_than_three, many * std::exp(-3), 0.2));
}

TEST_CASE("a seed gives the same arrivals again, another seed others") {
  arrivals one(10, 42), again(10, 42), other(10, 43);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    auto at = one.next();
    CHECK(at == again.next());
    differs = differs || at != other.next();
  }
  CHECK(differs);
}
