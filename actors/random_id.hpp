#pragma once

#include <string>

namespace gantry {

/// 64 random hex digits (getrandom(2)): the id of a container, sandbox or exec session. Never all digits in its first
/// 12, which could be taken for a number. Thread-safe.
std::string random_id();

} // namespace gantry
