#include "api/docker/parse/moment.hpp"

#include <charconv>

#include "messages/domain/duration.hpp"
#include "messages/domain/quote.hpp"
#include "runtime/log/json_line.hpp"

namespace gantry::docker {
namespace {

constexpr std::int64_t second = 1'000'000'000;

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

} // namespace

result<unix_nanos> parse_moment(std::string_view parameter, std::string_view text, unix_nanos now) {
  if (text.empty()) return 0;
  if (auto seconds = parse_seconds(text)) return *seconds;
  if (auto time = log::parse_time(text)) return *time;
  if (auto back = parse_duration(text)) return now - back->count();
  return fail(errc::invalid_argument, "{}={}: write a Unix time, a time of RFC 3339 or a duration like 10m", parameter,
              quote(text));
}

} // namespace gantry::docker
