#include "runtime/stream/stream_connection.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>

namespace gantry::stream {

result<connection> connection::open(const monitor::stream_token& token) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (token.socket.size() >= sizeof address.sun_path)
    return fail(errc::invalid_argument, "{}: longer than the name of a socket may be", token.socket);
  token.socket.copy(address.sun_path, sizeof address.sun_path - 1);
  connection made{sys::unique_fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))};
  if (!made.fd_) return fail_errno(errno, "socket");
  if (::connect(made.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail_errno(errno, "connect to {}", token.socket);
  GANTRY_TRY(made.send(token.token));
  return made;
}

result<std::optional<frame>> connection::read() {
  std::string bytes(monitor::max_stream_frame, '\0');
  for (;;) {
    GANTRY_LET(auto next, reader_.next());
    if (next) return next;
    auto got = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno != ECONNRESET) return fail_errno(errno, "read the stream");
    if (got <= 0) return std::optional<frame>();
    reader_.add(std::string_view(bytes).substr(0, static_cast<std::size_t>(got)));
  }
}

result<void> connection::write(std::string_view bytes) {
  if (bytes.empty()) return {}; // an empty frame would close stdin
  std::string frames;
  append_frames(frames, monitor::frame::stdin_data, bytes);
  return send(frames);
}

result<void> connection::close_stdin() { return send(header(monitor::frame::stdin_data, 0)); }

result<void> connection::send(std::string_view frames) {
  while (!frames.empty()) {
    auto sent = ::send(fd_.get(), frames.data(), frames.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return fail_errno(errno, "write to the stream");
    frames.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

} // namespace gantry::stream
