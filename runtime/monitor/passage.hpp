#pragma once

#include "runtime/sys/unique_fd.hpp"

namespace gantry::monitor {

/// Our ends of what a child has that makes namespaces: descriptors come over the socket, an error's text is printed.
struct passage {
  sys::unique_fd socket, printed;
};

} // namespace gantry::monitor
