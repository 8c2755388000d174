#pragma once

#include "api/docker/context.hpp"

namespace gantry::docker {

/// How bytes go between a client and a container.
struct pump_options {
  bool raw = false; ///< output as it is, as a terminal's or over a WebSocket; else in frames with headers
  bool want_stdin = false;
  std::string detach_keys; ///< as bytes; of a terminal. Empty: none are looked for
};

/// Passes bytes both ways until the process's output ends, the client goes, or it detaches. Each direction waits for
/// the slower side. When the client ends its input, stdin is closed and output goes on. Answers whether it detached.
awaitable<bool> pump(context& door, monitor_stream& container, raw_connection& client, pump_options how);

} // namespace gantry::docker
