#pragma once

#include <string>

namespace gantry {

/// A name for a container that got none, such as "swift_ballast": two words, and a number when `attempt` is not 0.
/// Thread-safe.
std::string made_up_name(unsigned attempt);

} // namespace gantry
