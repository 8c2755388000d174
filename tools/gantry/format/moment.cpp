#include <ctime>
#include <optional>

#include "messages/domain/duration.hpp"
#include "tools/gantry/format/units.hpp"

namespace gantry::cli {

namespace {

struct broken_time {
  std::tm fields{};
  std::string fraction;      ///< digits
  std::optional<int> offset; ///< seconds east of UTC; none: local
};

std::optional<int> offset_of(std::string_view zone) {
  if (zone == "Z" || zone == "z") return 0;
  int hours = 0, minutes = 0;
  if (zone.size() != 6 || zone[3] != ':') return std::nullopt;
  if (std::sscanf(std::string(zone.substr(1)).c_str(), "%2d:%2d", &hours, &minutes) != 2) return std::nullopt;
  return (zone[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

std::optional<broken_time> take_apart(std::string_view text) {
  broken_time t;
  std::string content(text);
  const char* rest = nullptr;
  for (const auto* form : {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H", "%Y-%m-%d"}) {
    t.fields = {};
    rest = ::strptime(content.c_str(), form, &t.fields);
    if (rest) break;
  }
  if (!rest) return std::nullopt;
  std::string_view left(rest);
  if (left.starts_with('.')) {
    auto end = std::min(left.find_first_not_of("0123456789", 1), left.size());
    t.fraction = left.substr(1, std::min<std::size_t>(end - 1, 9));
    left.remove_prefix(end);
  }
  if (left.empty()) return t;
  t.offset = offset_of(left);
  if (!t.offset) return std::nullopt;
  return t;
}

std::int64_t epoch_of(broken_time& t) {
  t.fields.tm_isdst = -1;
  if (!t.offset) return ::mktime(&t.fields);
  return ::timegm(&t.fields) - *t.offset;
}

std::string with_zone(std::int64_t seconds, const char* form) {
  auto at = static_cast<std::time_t>(seconds);
  std::tm fields{};
  ::localtime_r(&at, &fields);
  char text[64];
  return {text, std::strftime(text, sizeof text, form, &fields)};
}

} // namespace

result<std::string> parse_moment(std::string_view text, std::chrono::system_clock::time_point now) {
  if (auto ago = parse_duration(text); ago && text != "0") {
    auto then = std::chrono::nanoseconds(now.time_since_epoch()) - *ago;
    return fmt::format("{}.{:09}", then.count() / 1'000'000'000, then.count() % 1'000'000'000);
  }
  if (!text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos) return std::string(text);
  auto apart = take_apart(text);
  if (!apart)
    return fail(
        errc::invalid_argument,
        "\"{}\" is not a time: write a duration as in 10m, RFC 3339 as in 2024-01-31T12:00:00Z, or seconds since 1970",
        text);
  auto fraction = apart->fraction;
  fraction.append(9 - fraction.size(), '0');
  return fmt::format("{}.{}", epoch_of(*apart), fraction);
}

std::int64_t seconds_of(std::string_view rfc3339) {
  auto apart = take_apart(rfc3339);
  return apart ? epoch_of(*apart) : 0;
}

namespace {

std::string zone_of(std::int64_t unix_seconds) {
  auto zone = with_zone(unix_seconds, "%z");
  if (zone.size() == 5) zone.insert(3, ":");
  return zone == "+00:00" ? "Z" : zone;
}

} // namespace

std::string local_rfc3339(std::int64_t unix_nanos) {
  auto seconds = unix_nanos / 1'000'000'000;
  return fmt::format("{}.{:09}{}", with_zone(seconds, "%Y-%m-%dT%H:%M:%S"), unix_nanos % 1'000'000'000,
                     zone_of(seconds));
}

std::string local_rfc3339_of(std::chrono::seconds since_epoch) {
  return with_zone(since_epoch.count(), "%Y-%m-%dT%H:%M:%S") + zone_of(since_epoch.count());
}

std::string local_time(std::int64_t unix_seconds) { return with_zone(unix_seconds, "%Y-%m-%d %H:%M:%S %z %Z"); }

} // namespace gantry::cli
