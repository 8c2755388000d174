#include "tools/gantry/stream/session.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace gantry::cli {

namespace {
constexpr std::size_t chunk = 64 << 10;
}

bool signal_rule::drain() const {
  while (auto signal = watch->next())
    if (!on_signal(*signal)) return false;
  return true;
}

session::session(http::raw_stream stream, console& io, options how)
    : stream_(std::move(stream)), io_(io), how_(std::move(how)), frames_([this](auto channel, std::string_view bytes) {
        auto& to = channel == demultiplexer::channel::err ? io_.err : io_.out;
        to << bytes << std::flush;
      }),
      input_open_(how_.forward_input) {}

result<void> session::take_output(std::string_view bytes) {
  if (!how_.terminal && stream_.multiplexed) return frames_.feed(bytes);
  io_.out << bytes << std::flush;
  return {};
}

/// False at the end of the output.
result<bool> session::read_output() {
  std::string bytes(chunk, '\0');
  auto got = ::recv(stream_.socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  // A daemon that dies resets the stream: what remains to learn is the exit status, from the next daemon.
  if (got <= 0) return false;
  GANTRY_TRY(take_output(std::string_view(bytes).substr(0, static_cast<std::size_t>(got))));
  return true;
}

void session::close_input() {
  input_open_ = false;
  input_closing_ = true;
}

/// False when the detach keys were typed.
result<bool> session::read_input() {
  std::string bytes(chunk, '\0');
  auto got = ::read(io_.in_fd, bytes.data(), bytes.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (got <= 0) {
    close_input();
    return true;
  }
  bytes.resize(static_cast<std::size_t>(got));
  if (!how_.terminal || !how_.detachable) {
    outgoing_ += bytes;
    return true;
  }
  auto told = how_.keys.feed(bytes);
  outgoing_ += told.typed;
  return !told.detached;
}

result<void> session::write_input() {
  auto put = ::send(stream_.socket.get(), outgoing_.data(), outgoing_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (put >= 0) outgoing_.erase(0, static_cast<std::size_t>(put));
  if (put < 0 && errno != EINTR && errno != EAGAIN) {
    // The container closed its stdin or is gone; its output may still come.
    outgoing_.clear();
    close_input();
  }
  return {};
}

result<session::ending> session::run() {
  GANTRY_TRY(take_output(stream_.received));
  for (;;) {
    if (input_closing_ && outgoing_.empty()) {
      ::shutdown(stream_.socket.get(), SHUT_WR);
      input_closing_ = false;
    }
    pollfd events[3] = {
        {stream_.socket.get(), static_cast<short>(POLLIN | (outgoing_.empty() ? 0 : POLLOUT)), 0},
        {input_open_ && outgoing_.empty() ? io_.in_fd : -1, POLLIN, 0},
        {how_.signals.watch ? how_.signals.watch->descriptor() : -1, POLLIN, 0},
    };
    if (::poll(events, 3, -1) < 0 && errno != EINTR) return fail_errno(errno, "wait for the container's stream");
    if (events[2].revents != 0 && !how_.signals.drain()) return ending::by_signal;
    if ((events[0].revents & POLLOUT) != 0) GANTRY_TRY(write_input());
    if ((events[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      GANTRY_LET(auto more, read_output());
      if (!more) return ending::output_ended;
    }
    if (events[1].revents != 0) {
      GANTRY_LET(auto attached, read_input());
      if (!attached) return ending::detached;
    }
  }
}

} // namespace gantry::cli
