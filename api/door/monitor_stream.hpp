#pragma once

#include <memory>
#include <optional>

#include <boost/asio/local/stream_protocol.hpp>

#include "api/http/coroutine.hpp"
#include "api/http/workplace.hpp"
#include "messages/container_supervisor.hpp"
#include "runtime/stream/stream_frame.hpp"

namespace gantry::door {

namespace asio = http::asio;
using http::awaitable;

/// A ticket redeemed: frames from and to the monitor that holds a container. The door's thread alone; one reader and
/// one writer at a time.
class monitor_stream {
public:
  /// Errors: unavailable when the monitor cannot be reached.
  static awaitable<result<std::unique_ptr<monitor_stream>>> open(http::workplace& at, const stream_ticket& ticket);

  /// The next frame; none at the connection's end. Errors: unavailable, corrupt.
  awaitable<result<std::optional<stream::frame>>> read();
  /// Bytes for stdin. Errors: unavailable.
  awaitable<result<void>> write_stdin(std::string_view bytes);
  /// No more of them: the process's stdin ends where it was to end with its client (StdinOnce, an exec session).
  void shut_stdin();

private:
  explicit monitor_stream(asio::io_context& io) : socket_(io) {}
  asio::local::stream_protocol::socket socket_;
  stream::reader reader_;
  std::string bytes_ = std::string(32 << 10, '\0');
};

} // namespace gantry::door
