#pragma once

#include <deque>

#include "api/cri/streaming/transport.hpp"

namespace gantry::cri {

/// What is to be written to a client, so that several coroutines may write and none is cut short within a frame when it
/// is cancelled: one coroutine alone writes. The server's thread alone.
class outbox {
public:
  outbox(asio::io_context& io, transport& to) : to_(to), changed_(io) {}

  /// Writes what is put, until the client is gone.
  awaitable<void> run();

  /// One message on a WebSocket; bytes of the stream elsewhere. Nothing is lost but with the client.
  void put(std::string bytes);
  /// Waits until little enough is left to be written: how a slow client slows down what sends to it.
  awaitable<void> room();
  /// Waits until all is written, as long as `patience`.
  awaitable<void> drained(std::chrono::seconds patience);

private:
  transport& to_;
  wake_up changed_;
  std::deque<std::string> waiting_;
  std::size_t bytes_ = 0; ///< waiting and being written
};

} // namespace gantry::cri
