#pragma once

#include "api/docker/context.hpp"

namespace gantry::docker {

/// Errors: unavailable when the client has hung up, or has taken nothing for some minutes: a thread waits for it.
awaitable<result<void>> write_in_time(context& door, exchange& on, std::string_view part);

/// Answers with `head` and the archive that comes through the pipe, until its end or the client's. One that breaks off
/// is cut, so that the client sees that something is missing; so is a client that takes nothing.
awaitable<result<response>> stream_archive(context& door, exchange& on, pipe_end& from, response head);

} // namespace gantry::docker
