#pragma once

#include <memory>

namespace gantry::stream {
class pipe;
}

namespace gantry {

/// Bytes between an actor's own thread and a door, whose end the other one is (runtime/stream/pipe.hpp).
using byte_pipe = std::shared_ptr<stream::pipe>;

} // namespace gantry
