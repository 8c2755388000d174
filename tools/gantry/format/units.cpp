#include "tools/gantry/format/units.hpp"

#include <array>
#include <charconv>

#include "messages/domain/duration.hpp"

namespace gantry::cli {

namespace {

template<std::size_t N>
std::string scaled(double value, double base, const std::array<const char*, N>& units, int digits) {
  std::size_t i = 0;
  while (value >= base && i + 1 < units.size()) {
    value /= base;
    ++i;
  }
  return fmt::format("{:.{}g}{}", value, digits, units[i]);
}

} // namespace

std::string human_size(double bytes, int digits) {
  static constexpr std::array<const char*, 7> units{"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  return scaled(bytes, 1000, units, digits);
}

std::string human_size_binary(double bytes) {
  static constexpr std::array<const char*, 7> units{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  return scaled(bytes, 1024, units, 4);
}

std::string human_since(std::int64_t then, std::int64_t now) {
  return human_duration(std::chrono::seconds(now - then)) + " ago";
}

result<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  auto end = text.data() + text.size();
  auto [stop, failure] = std::from_chars(text.data(), end, value);
  if (text.empty() || failure != std::errc() || stop != end)
    return fail(errc::invalid_argument, "\"{}\" is not a whole number", text);
  return value;
}

result<std::int64_t> parse_decimal(std::string_view text, int places) {
  auto dot = text.find('.');
  auto whole = text.substr(0, dot);
  auto decimals = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
  auto digits = std::string(whole) + std::string(decimals);
  if (digits.empty() || digits.size() > 18 + whole.size() ||
      digits.find_first_not_of("0123456789") != std::string::npos)
    return fail(errc::invalid_argument, "\"{}\" is not a number", text);
  if (decimals.size() > static_cast<std::size_t>(places))
    return fail(errc::invalid_argument, "{} has more than {} decimals", text, places);
  digits.append(static_cast<std::size_t>(places) - decimals.size(), '0');
  return parse_integer(digits);
}

result<std::int64_t> parse_size(std::string_view text) {
  auto end = text.find_first_not_of("0123456789.");
  auto digits = text.substr(0, end);
  auto unit = end == std::string_view::npos ? std::string_view() : text.substr(end);
  auto refused = [&] {
    return fail(errc::invalid_argument, "\"{}\" is not a size: write a number with b, k, m, g, t or p", text);
  };
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  if (unit.ends_with('b') || unit.ends_with('B')) unit.remove_suffix(1);
  if (unit.size() == 2 && (unit[1] == 'i' || unit[1] == 'I')) unit.remove_suffix(1);
  if (unit.size() > 1) return refused();
  auto power = unit.empty() ? 0 : std::string_view(" kmgtp").find(static_cast<char>(unit[0] | 0x20));
  if (power == std::string_view::npos || (!unit.empty() && power == 0)) return refused();
  double number = 0;
  auto [stop, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || failure != std::errc() || stop != digits.data() + digits.size()) return refused();
  auto bytes = number * std::pow(1024.0, static_cast<double>(power));
  if (!(bytes < 9.2e18)) return refused();
  return static_cast<std::int64_t>(bytes);
}

} // namespace gantry::cli
