#include "messages/domain/duration.hpp"

#include <charconv>

#include "messages/domain/quote.hpp"

namespace gantry {
namespace {

constexpr double longest = 9.2e18; // nanoseconds that 64 bits hold

struct unit {
  std::string_view name;
  double nanos;
};
constexpr unit units[] = {{"ns", 1}, {"us", 1e3}, {"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};

} // namespace

result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  auto broken = [&] {
    return fail(errc::invalid_argument, "invalid duration {}: write it as 90s, 10m or 1h30m", quote(text));
  };
  auto rest = text;
  double total = 0;
  if (rest == "0") return std::chrono::nanoseconds(0);
  if (rest.empty()) return broken();
  while (!rest.empty()) {
    double number = 0;
    auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    if (parsed.ec != std::errc{} || number < 0) return broken();
    rest.remove_prefix(static_cast<std::size_t>(parsed.ptr - rest.data()));
    auto name = rest.substr(0, rest.find_first_of("0123456789."));
    const unit* found = nullptr;
    for (const auto& one : units)
      if (one.name == name) found = &one;
    if (found == nullptr) return broken();
    total += number * found->nanos;
    if (!(total < longest)) return broken();
    rest.remove_prefix(name.size());
  }
  return std::chrono::nanoseconds(static_cast<std::int64_t>(total));
}

std::string human_duration(std::chrono::seconds duration) {
  constexpr std::int64_t minute = 60, hour = 3600, day = 24 * hour;
  const auto seconds = duration.count();
  if (seconds < 1) return "Less than a second";
  if (seconds == 1) return "1 second";
  if (seconds < minute) return fmt::format("{} seconds", seconds);
  if (seconds < 2 * minute) return "About a minute";
  if (seconds < hour) return fmt::format("{} minutes", seconds / minute);
  const auto hours = (seconds + hour / 2) / hour; // rounded, as go-units does from here on
  if (hours == 1) return "About an hour";
  if (hours < 48) return fmt::format("{} hours", hours);
  if (hours < 24 * 7 * 2) return fmt::format("{} days", hours / 24);
  if (hours < 24 * 30 * 2) return fmt::format("{} weeks", hours / 24 / 7);
  if (hours < 24 * 365 * 2) return fmt::format("{} months", hours / 24 / 30);
  return fmt::format("{} years", seconds / (day * 365));
}

} // namespace gantry
