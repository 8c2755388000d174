#pragma once

#include <ostream>

namespace gantry::cli {

/// Where a command reads and writes. One per process in the program; tests put string streams here.
struct console {
  std::ostream& out;
  std::ostream& err;
  int in_fd = 0;  ///< stdin of `-i`
  int out_fd = 1; ///< asked for its window size; -1 when there is none
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
};

} // namespace gantry::cli
