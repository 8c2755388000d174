#pragma once

#include <string_view>

#include "messages/domain/error.hpp"

namespace gantry::spec {

/// A signal by name or number: "SIGTERM", "term", "15", "RTMIN+3", "SIGRTMAX-1" (signal(7)). 1 to 64.
/// Errors: invalid_argument, "invalid signal: X", as dockerd answers.
result<int> parse_signal(std::string_view text);

} // namespace gantry::spec
