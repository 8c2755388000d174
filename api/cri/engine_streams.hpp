#pragma once

#include "api/cri/context.hpp"
#include "api/cri/streaming/backend.hpp"

namespace gantry::cri {

/// What the streaming server finds behind its tokens: the engine's containers and pods. Any thread may call; the door's
/// thread works. It answers as long as the door runs.
std::shared_ptr<backend> make_engine_streams(context& door);

} // namespace gantry::cri
