#pragma once

#include <string>
#include <vector>

namespace gantry {

/// One that can be found by name on a network.
struct named_endpoint {
  std::string id;
  std::vector<std::string> addresses; ///< of both families; none: not yet
  std::vector<std::string> names;
  std::vector<std::string> servers; ///< who is asked for what the network does not know; empty: the host's
};

} // namespace gantry
