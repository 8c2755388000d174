#pragma once

#include <sys/prctl.h>

namespace gantry::sys {

/// Names the calling thread for top, perf and gdb: at most 15 characters (prctl(2), PR_SET_NAME). An actor with a
/// thread of its own calls it first thing.
inline void name_thread(const char* name) { ::prctl(PR_SET_NAME, name); }

} // namespace gantry::sys
