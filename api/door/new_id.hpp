#pragma once

#include <string>

namespace gantry::door {

/// 64 random hex digits: a container's id, a pull's. From the kernel; any thread.
std::string new_id();

} // namespace gantry::door
