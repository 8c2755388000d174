#pragma once

#include "api/http/server.hpp"
#include "messages/engine.hpp"

namespace gantry::metrics_door {

/// Serves an engine's figures at /metrics, to whoever can connect. `options.name` and the limits are set here. Errors:
/// as http::server::start, and the engine's.
result<std::unique_ptr<http::server>> open_door(caf::actor_system& system, const engine_actor& engine,
                                                http::server_options options);

} // namespace gantry::metrics_door
