#include "api/docker/parse/moment.hpp"

#include <charconv>
#include <cmath>

#include "messages/domain/quote.hpp"
#include "runtime/log/json_line.hpp"

namespace gantry::docker {
namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr double longest = 9.2e18; // nanoseconds that 64 bits hold

std::string_view digits_of(std::string_view text) { return text.substr(0, text.find_first_not_of("0123456789")); }

std::optional<unix_nanos> parse_seconds(std::string_view text) {
  std::int64_t whole = 0, nanos = 0;
  auto digits = digits_of(text);
  if (digits.empty() || digits.size() > 10) return std::nullopt;
  std::from_chars(digits.data(), digits.data() + digits.size(), whole);
  if (whole >= 9'000'000'000) return std::nullopt;
  text.remove_prefix(digits.size());
  if (text.empty()) return whole * second;
  if (text.front() != '.') return std::nullopt;
  auto decimals = digits_of(text.substr(1));
  if (decimals.size() + 1 != text.size() || decimals.size() > 9) return std::nullopt;
  if (!decimals.empty()) std::from_chars(decimals.data(), decimals.data() + decimals.size(), nanos);
  for (auto i = decimals.size(); i < 9; ++i) nanos *= 10;
  return whole * second + nanos;
}

struct unit {
  std::string_view name;
  double nanos;
};
constexpr unit units[] = {{"ns", 1}, {"us", 1e3}, {"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};

} // namespace

result<std::int64_t> parse_duration(std::string_view text) {
  auto broken = [&] {
    return fail(errc::invalid_argument, "invalid duration {}: write it as 90s, 10m or 1h30m", quote(text));
  };
  auto rest = text;
  double total = 0;
  if (rest == "0") return 0;
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
  return static_cast<std::int64_t>(total);
}

result<unix_nanos> parse_moment(std::string_view parameter, std::string_view text, unix_nanos now) {
  if (text.empty()) return 0;
  if (auto seconds = parse_seconds(text)) return *seconds;
  if (auto time = log::parse_time(text)) return *time;
  if (auto back = parse_duration(text)) return now - *back;
  return fail(errc::invalid_argument, "{}={}: write a Unix time, a time of RFC 3339 or a duration like 10m", parameter,
              quote(text));
}

} // namespace gantry::docker
