#pragma once

#include <string_view>

#include "messages/domain/container.hpp"

namespace gantry::docker {

/// A point in time of a query: seconds since the epoch with decimals ("1700000000.000000001"), RFC 3339, or a
/// duration back from now ("10m", "1h30m"). Empty: 0, no bound. Errors: invalid_argument naming the parameter.
result<unix_nanos> parse_moment(std::string_view parameter, std::string_view text, unix_nanos now);

} // namespace gantry::docker
