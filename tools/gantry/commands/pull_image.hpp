#pragma once

#include <string>

#include "tools/gantry/line/command.hpp"

namespace gantry::cli {

struct pull_request {
  std::string image = {};    ///< as the user wrote it
  std::string platform = {}; ///< empty: the host's
  bool all_tags = false;
  bool quiet = false;
};

/// Pulls, and shows the progress on `to` (a terminal or not). Errors: the daemon's; what broke the pull on the way.
result<void> pull_image(context& with, const pull_request& what, std::ostream& to, bool is_terminal);

} // namespace gantry::cli
