#pragma once

#include "api/http/server.hpp"
#include "messages/engine.hpp"

namespace gantry::docker {

/// Serves the Docker Engine API of an engine; `options.name` is set here. Errors: as http::server::start, and the
/// engine's.
result<std::unique_ptr<http::server>> open_door(caf::actor_system& system, engine_actor engine,
                                                http::server_options options);

} // namespace gantry::docker
