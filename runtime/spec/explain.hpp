#pragma once

#include <vector>

#include "runtime/spec/spec.hpp"

namespace gantry::spec {

/// Says of each member of the finished document who decided it. Internal to runtime/spec.
std::vector<origin_note> explain(const spec_input& input, const built_spec& built);

} // namespace gantry::spec
