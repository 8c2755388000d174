#pragma once

#include <string>
#include <vector>

namespace gantry::test {

/// Pids of the processes whose command line has `text`, this one and its parent left out; none for an empty text.
std::vector<int> processes_with(const std::string& text);

/// Seconds of CPU time that these have had.
double cpu_of(const std::vector<int>& processes);

} // namespace gantry::test
