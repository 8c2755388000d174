#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "messages/domain/error.hpp"

namespace gantry {

/// Go's text of a duration, as Docker's users and API write it: "1h30m", "1.5s", "250ms", "0". At most 292 years.
/// Errors: invalid_argument, also for a number without a unit.
result<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// As docker tells it: "Less than a second", "About a minute", "3 hours" (github.com/docker/go-units, duration.go).
std::string human_duration(std::chrono::seconds duration);

} // namespace gantry
