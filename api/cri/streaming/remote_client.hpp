#pragma once

#include "api/cri/streaming/outbox.hpp"

namespace gantry::cri {

/// The streams of exec and attach; the numbers are those of the WebSocket protocols.
enum class channel : std::uint8_t { in = 0, out = 1, err = 2, status = 3, resize = 4 };

/// The client of an exec or attach, whatever it speaks. The server's thread alone.
class remote_client {
public:
  struct input {
    channel from = channel::in;
    std::string bytes;
    bool ended = false; ///< nothing more comes on that channel
  };

  virtual ~remote_client() = default;

  /// What the client says next; none when it has gone. While nobody calls, the client is held back.
  virtual awaitable<std::optional<input>> next() = 0;
  /// Waits while the client is slow.
  virtual awaitable<void> write(channel on, std::string_view bytes) = 0;
  /// Nothing more will be written: the client is told so, and goes by itself. As long as `patience` for all to be sent.
  virtual awaitable<void> finish(std::chrono::seconds patience) = 0;
};

} // namespace gantry::cri
