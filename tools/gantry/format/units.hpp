#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "messages/domain/error.hpp"

namespace gantry::cli {

/// Sizes and times as the docker client prints and reads them (github.com/docker/go-units).

/// Decimal units, `digits` significant digits: 5312345 is "5.31MB" with 3.
std::string human_size(double bytes, int digits = 4);
/// Binary units: "1.5GiB".
std::string human_size_binary(double bytes);
/// "2 minutes ago" for a time in seconds since the epoch.
std::string human_since(std::int64_t then, std::int64_t now);

/// "512m", "1.5GiB", "100": binary multiples, in bytes. Errors: invalid_argument.
result<std::int64_t> parse_size(std::string_view text);
/// An exact decimal number with at most `places` decimals, scaled by 10^places: "1.5" is 1500000000 with 9.
result<std::int64_t> parse_decimal(std::string_view text, int places);
/// A whole number. Errors: invalid_argument.
result<std::int64_t> parse_integer(std::string_view text);

/// What `--since` and `--until` mean, as the daemon reads it, seconds (with a fraction) since the epoch:
/// a duration before `now`, a number as it is, or RFC 3339 with the time or the zone left out (local time then).
result<std::string> parse_moment(std::string_view text, std::chrono::system_clock::time_point now);

/// RFC 3339 in the local zone with nine decimals, as docker prints events.
std::string local_rfc3339(std::int64_t unix_nanos);
/// The same without decimals, as docker prints an image's history.
std::string local_rfc3339_of(std::chrono::seconds since_epoch);
/// "2024-01-31 12:00:00 +0000 UTC" in the local zone, as docker prints CreatedAt.
std::string local_time(std::int64_t unix_seconds);
/// Seconds since the epoch of an RFC 3339 time in UTC or with an offset; 0 when it is none.
std::int64_t seconds_of(std::string_view rfc3339);

} // namespace gantry::cli
