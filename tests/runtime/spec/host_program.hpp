#pragma once

#include <string>
#include <vector>

#include "runtime/monitor/protocol/messages.hpp"

namespace gantry::test {

/// Runs a program to its end, as the monitor would: environment as given, `input` on stdin, at most a minute.
monitor::process_result run(const monitor::run_process& request);
monitor::process_result run(std::vector<std::string> argv);

} // namespace gantry::test
