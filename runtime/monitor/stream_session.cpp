#include "runtime/monitor/stream_session.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace gantry::monitor {

result<void> stream_session::wait(std::string_view left, std::function<void()> closed) {
  on_.closed = std::move(closed);
  in_.add(left);
  GANTRY_LET(watch_, loop_.add(socket_.get(), 0, [this](std::uint32_t events) { on_event(events); }));
  return {};
}

void stream_session::start(callbacks on) {
  on_ = std::move(on);
  hold_input(false);
  parse_input();
}

void stream_session::on_event(std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) flush();
  if (is_open() && (events & EPOLLIN) != 0) return read_input();
  if (is_open() && (events & (EPOLLHUP | EPOLLERR)) != 0) close();
}

void stream_session::read_input() {
  char bytes[16384];
  auto got = ::recv(socket_.get(), bytes, sizeof bytes, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got < 0) return close();
  if (got == 0) { // the client has shut its writing side down, or is gone: EPOLLHUP tells which
    input_ended_ = true;
    if (wants_.want_stdin) on_.input_shut();
    return update_watch();
  }
  in_.add({bytes, static_cast<std::size_t>(got)});
  parse_input();
}

void stream_session::parse_input() {
  while (is_open()) {
    auto next = in_.next();
    if (!next) return close();
    if (!*next) return;
    if ((*next)->type != frame::stdin_data || !wants_.want_stdin) continue;
    if ((*next)->payload.empty())
      on_.input_end();
    else
      on_.input((*next)->payload);
  }
}

void stream_session::send(frame type, std::string_view payload) {
  if (!is_open() || ending_) return;
  stream::append_frames(out_, type, payload);
  flush();
}

void stream_session::send_log_advanced() {
  if (std::exchange(advance_unsent_, true)) return;
  send(frame::log_advanced, {});
}

void stream_session::end(int exit_code) {
  send(frame::end, stream::end_payload(exit_code));
  ending_ = true;
  if (!is_open()) return;
  self_ = shared_from_this();
  flush();
}

void stream_session::flush() {
  while (sent_ < out_.size()) {
    auto put = ::send(socket_.get(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno != EAGAIN) return close();
    if (put < 0) break;
    sent_ += static_cast<std::size_t>(put);
    stalled_.reset(); // progress
  }
  if (sent_ == out_.size()) {
    std::string().swap(out_);
    sent_ = 0;
    advance_unsent_ = false;
    if (ending_) return close();
  } else if (sent_ > high_water) {
    out_.erase(0, sent_);
    sent_ = 0;
  }
  bool over_limit = unsent() > high_water;
  if (over_limit) was_over_limit_ = true;
  if ((over_limit || ending_) && !stalled_) stalled_ = loop_.after(patience, [this] { close(); });
  update_watch();
  if (out_.size() - sent_ < high_water / 2 && std::exchange(was_over_limit_, false) && on_.drained) on_.drained();
}

void stream_session::update_watch() {
  std::uint32_t events = 0;
  if (!input_held_ && !input_ended_) events |= EPOLLIN;
  if (sent_ < out_.size()) events |= EPOLLOUT;
  watch_.set(events);
}

void stream_session::hold_input(bool held) {
  input_held_ = held;
  update_watch();
}

void stream_session::close() {
  if (!is_open()) return;
  watch_.reset();
  stalled_.reset();
  socket_.reset();
  std::string().swap(out_);
  sent_ = 0;
  if (self_) loop_.post([last = std::move(self_)] {}); // not while its own code runs
  if (auto closed = std::exchange(on_, {}).closed) closed();
}

} // namespace gantry::monitor
