#pragma once

#include "messages/metrics.hpp"

namespace gantry::metrics_door {

/// Of this process, under the names that Prometheus's own clients use: memory, descriptors, threads, CPU time, start.
/// From /proc/self; blocks. What cannot be read is left out.
metrics process_figures();

} // namespace gantry::metrics_door
