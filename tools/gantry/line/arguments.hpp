#pragma once

#include <span>
#include <string>
#include <vector>

#include "tools/gantry/line/command.hpp"

namespace gantry::cli {

/// A command line taken apart: options with each value an argument of its own, and operands.
struct split_line {
  std::vector<std::string> options;
  std::vector<std::string> operands;
};

/// Tells options from operands by what `app` declares, by the rules of docker's client (github.com/spf13/pflag):
/// `--name=` has an empty value, `-e=A=B` and `-eA=B` are `-e A=B`, `-it` is two flags, `--` ends the options.
/// Errors: invalid_argument for an option that is not declared, or whose value is missing.
result<split_line> split_arguments(const option_set& app, std::span<const std::string> arguments, verb::order order);

} // namespace gantry::cli
