#pragma once

#include <boost/asio/local/stream_protocol.hpp>

#include "api/cri/streaming/limits.hpp"
#include "api/cri/streaming/protocol.hpp"
#include "api/cri/streaming/remote_client.hpp"
#include "api/cri/streaming/resize_reader.hpp"
#include "runtime/stream/stream_frame.hpp"

namespace gantry::cri {

/// An exec or attach between a client and a process: bytes both ways, sizes of the terminal, and how it ended. Each
/// direction waits for its slower side.
class remotecommand {
public:
  /// `what` is an exec or an attach.
  remotecommand(std::shared_ptr<loop> home, backend& engine, const stream_limits& limits, stream_request what,
                status_format format, remote_client& client);

  /// Until the client has gone, which it does after the process's end, or the limits say so.
  awaitable<void> run();

private:
  awaitable<result<void>> open();
  awaitable<void> serve(result<void> opened);
  awaitable<void> read_client();
  /// Process to client. The exit code, when the process has ended and all was passed on.
  awaitable<result<int>> pass_output();
  awaitable<void> pass_input(remote_client::input input);
  void resize(const std::string& bytes);

  std::shared_ptr<loop> home_;
  backend& engine_;
  const stream_limits& limits_;
  stream_request what_;
  wanted_streams wanted_;
  status_format format_;
  remote_client& client_;
  process_stream process_;
  asio::local::stream_protocol::socket monitor_;
  bool deaf_ = true; ///< the process takes no input: none was asked for, it has been closed, or it failed
  resize_reader sizes_;
  bool sizes_broken_ = false;
};

} // namespace gantry::cri
