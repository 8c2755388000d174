#pragma once

#include <string>
#include <vector>

#include "messages/metrics.hpp"

namespace gantry::metrics_door {

inline constexpr auto content_type = "text/plain; version=0.0.4; charset=utf-8";

/// Prometheus's text format 0.0.4 of what several actors said: each name once, samples with equal labels added up, in
/// the order in which they came.
std::string text_of(const std::vector<metrics>& parts);

} // namespace gantry::metrics_door
