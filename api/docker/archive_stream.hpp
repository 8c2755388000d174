#pragma once

#include "api/docker/context.hpp"

namespace gantry::docker {

/// Answers with `head` and the archive that comes through the pipe, until its end or the client's. One that breaks off
/// is cut, so that the client sees that something is missing. A client that takes nothing for some minutes is cut off:
/// a thread waits for it, and whatever that holds.
awaitable<result<response>> stream_archive(context& door, exchange& on, pipe_end& from, response head);

} // namespace gantry::docker
