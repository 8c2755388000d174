#include <unistd.h>

#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "tools/gantry/daemon/endpoint.hpp"
#include "tools/gantry/line/dispatch.hpp"

namespace {

using namespace gantry::cli;

gantry::result<http::connector> dial(const std::string& host) {
  GANTRY_LET(auto where, endpoint::choose(host));
  return [where] { return connect_or_start(where); };
}

} // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  console io{.out = std::cout,
             .err = std::cerr,
             .in_is_terminal = ::isatty(0) == 1,
             .out_is_terminal = ::isatty(1) == 1,
             .err_is_terminal = ::isatty(2) == 1};
  try {
    return run_command_line({argv + 1, argv + argc}, io, dial);
  } catch (const std::exception& failure) {
    std::cerr << "gantry: an internal failure: " << failure.what() << '\n';
    return 125;
  }
}
