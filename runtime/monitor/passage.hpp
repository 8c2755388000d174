#pragma once

#include "runtime/monitor/job_queue.hpp"

namespace gantry::monitor {

/// Our ends of what a child has that makes namespaces: descriptors come over the socket, an error's text is printed.
struct passage {
  sys::unique_fd socket, printed;
};

/// What such a child is launched with: the other ends, as its descriptors 2 (printed) and 3 (the socket).
/// Errors: the errno's.
result<launch> open_passage(child_plan plan, passage& ours);

} // namespace gantry::monitor
