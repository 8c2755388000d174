#pragma once

#include "runtime/stream/stream_frame.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::stream {

/// The reader's end of a stream: redeems a token of open_stream. The calls block, so that a door may use one thread for
/// reading and one for writing (both at once is allowed), or take `fd()` for its own event loop: it then sends frames
/// as `append_frames` makes them and cuts what comes with `reader`.
class connection {
public:
  /// Connects to the monitor's stream socket and presents the token. Errors: unavailable. A token that the monitor does
  /// not know shows as a stream that ends without an `end` frame.
  static result<connection> open(const monitor::stream_token& token);

  /// The next frame; none at the end of the connection. Errors: unavailable, corrupt.
  result<std::optional<frame>> read();

  /// Bytes for the container's stdin. Blocks while the container does not read. Errors: unavailable.
  result<void> write(std::string_view bytes);
  /// Half-close: the container reads the end of its stdin.
  result<void> close_stdin();

  [[nodiscard]] int fd() const { return fd_.get(); }
  sys::unique_fd release() { return std::move(fd_); }

private:
  explicit connection(sys::unique_fd fd) : fd_(std::move(fd)) {}
  result<void> send(std::string_view frames);
  sys::unique_fd fd_;
  reader reader_;
};

} // namespace gantry::stream
