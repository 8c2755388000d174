#include "runtime/native/systemd_limits.hpp"

#include <limits>

#include "tests/catch.hpp"

namespace gantry::test {
namespace {

using all = std::vector<systemd::property>;
using bytes = std::vector<std::uint8_t>;
constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

all of(const native::resource_plan& resources) { return native::unit_properties(native::v2_writes(resources).value()); }

} // namespace

TEST_CASE("systemd's limits: memory, tasks, weights") {
  native::resource_plan plan;
  plan.memory_limit = 1 << 20;
  plan.memory_swap = 3 << 20;
  plan.memory_reservation = 4096;
  plan.cpu_shares = 262'144;
  plan.pids = 55;
  const auto got = of(plan);
  for (const auto& [name, value] : {std::pair{"MemoryMax", std::uint64_t{1} << 20},
                                    {"MemorySwapMax", std::uint64_t{2} << 20},
                                    {"MemoryLow", std::uint64_t{4096}},
                                    {"CPUWeight", std::uint64_t{10'000}},
                                    {"TasksMax", std::uint64_t{55}}})
    CHECK(std::find(got.begin(), got.end(), systemd::property{name, value}) != got.end());
  CHECK(got.size() == 5);
}

TEST_CASE("systemd's limits: no limit is one, too") {
  native::resource_plan plan;
  plan.memory_limit = plan.memory_swap = -1;
  plan.pids = -1;
  for (const auto& one : of(plan)) CHECK(one.value == decltype(one.value)(no_limit));
}

TEST_CASE("systemd's limits: a quota is time in a second") {
  native::resource_plan plan;
  plan.cpu_quota = 50'000;
  CHECK(of(plan) ==
        all{{"CPUQuotaPerSecUSec", std::uint64_t{500'000}}, {"CPUQuotaPeriodUSec", std::uint64_t{100'000}}});
  plan.cpu_period = 20'000;
  CHECK(of(plan) ==
        all{{"CPUQuotaPerSecUSec", std::uint64_t{2'500'000}}, {"CPUQuotaPeriodUSec", std::uint64_t{20'000}}});
  plan.cpu_quota = -1;
  CHECK(of(plan) == all{{"CPUQuotaPerSecUSec", no_limit}, {"CPUQuotaPeriodUSec", std::uint64_t{20'000}}});
}

TEST_CASE("systemd's limits: processors and nodes are bits") {
  native::resource_plan plan;
  plan.cpus = "0-2,9";
  plan.mems = "0";
  CHECK(of(plan) == all{{"AllowedCPUs", bytes{7, 2}}, {"AllowedMemoryNodes", bytes{1}}});
  plan.cpus = "0-99999999999"; // the kernel refuses it; here it must not take all memory
  CHECK(std::get<bytes>(of(plan).front().value).size() == 1024);
}

TEST_CASE("systemd's limits: unified keys that it has a property for, and no others") {
  native::resource_plan plan;
  plan.unified = {
      {"memory.high", "4096"}, {"cpu.max", "max 50000"}, {"memory.oom.group", "1"}, {"io.weight", "default 5"}};
  CHECK(of(plan) == all{{"MemoryHigh", std::uint64_t{4096}},
                        {"CPUQuotaPerSecUSec", no_limit},
                        {"CPUQuotaPeriodUSec", std::uint64_t{50'000}}});
}

} // namespace gantry::test
