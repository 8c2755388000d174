#include "runtime/native/systemd_limits.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <sstream>

namespace gantry::native {
namespace {

constexpr auto unlimited = std::numeric_limits<std::uint64_t>::max();

std::optional<std::uint64_t> number_of(std::string_view text) {
  if (text == "max") return unlimited;
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "0-2,5" as bits, the lowest byte first.
std::vector<std::uint8_t> bits_of(const std::string& list) {
  constexpr std::uint64_t most = 8192; // the kernel's own limit of processors
  std::vector<std::uint8_t> bits;
  std::istringstream in(list);
  for (std::string part; std::getline(in, part, ',');) {
    const auto dash = part.find('-');
    const auto first = number_of(part.substr(0, dash));
    const auto last = dash == std::string::npos ? first : number_of(part.substr(dash + 1));
    if (!first || !last) continue;
    for (auto bit = *first; bit <= std::min(*last, most - 1); ++bit) {
      if (bits.size() <= bit / 8) bits.resize(bit / 8 + 1);
      bits[bit / 8] = static_cast<std::uint8_t>(bits[bit / 8] | 1U << bit % 8);
    }
  }
  return bits;
}

/// cpu.max: "QUOTA PERIOD" or "QUOTA", in microseconds. systemd keeps the quota as time in a second.
void add_quota(const std::string& value, std::vector<systemd::property>& all) {
  const auto space = value.find(' ');
  const auto quota = number_of(value.substr(0, space));
  const auto period =
      space == std::string::npos ? std::optional<std::uint64_t>(100'000) : number_of(value.substr(space + 1));
  if (!quota || !period || *period == 0) return;
  constexpr std::uint64_t second = 1'000'000;
  const bool bounded = *quota < unlimited / second;
  all.push_back({"CPUQuotaPerSecUSec", bounded ? *quota * second / *period : unlimited});
  all.push_back({"CPUQuotaPeriodUSec", *period});
}

struct plain_property {
  std::string_view file;
  const char* name;
};
constexpr std::array<plain_property, 8> plain = {{{"memory.max", "MemoryMax"},
                                                  {"memory.high", "MemoryHigh"},
                                                  {"memory.low", "MemoryLow"},
                                                  {"memory.min", "MemoryMin"},
                                                  {"memory.swap.max", "MemorySwapMax"},
                                                  {"cpu.weight", "CPUWeight"},
                                                  {"io.weight", "IOWeight"},
                                                  {"pids.max", "TasksMax"}}};

} // namespace

std::vector<systemd::property> unit_properties(const std::vector<cgroup_write>& writes) {
  std::vector<systemd::property> all;
  for (const auto& one : writes) {
    const auto known =
        std::find_if(plain.begin(), plain.end(), [&](const auto& with) { return with.file == one.file; });
    if (known != plain.end()) {
      if (const auto value = number_of(one.value)) all.push_back({known->name, *value});
    } else if (one.file == "cpu.max") {
      add_quota(one.value, all);
    } else if (one.file == "cpuset.cpus") {
      all.push_back({"AllowedCPUs", bits_of(one.value)});
    } else if (one.file == "cpuset.mems") {
      all.push_back({"AllowedMemoryNodes", bits_of(one.value)});
    }
  }
  return all;
}

} // namespace gantry::native
