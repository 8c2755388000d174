#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tools/gantry/line/command.hpp"

namespace gantry::cli {

/// Makes connections to the daemon that --host names (empty: not given).
using dialer = std::function<result<http::connector>(const std::string& host)>;

/// Runs one command line (without the program's name) and returns the exit code: the command's own; 125 for a command
/// line that is not understood; 1, or 125 for run, when the daemon refuses. Errors are printed as "gantry: …".
int run_command_line(const std::vector<std::string>& arguments, console& io, const dialer& dial);

} // namespace gantry::cli
