#pragma once

#include <functional>
#include <memory>

#include "runtime/monitor/event_loop.hpp"
#include "runtime/stream/stream_frame.hpp"

namespace gantry::monitor {

/// One client of a process's stdio. What it does not take at once is kept, up to `high_water`; then the process's
/// output waits for it, as it would for a pipe, but only while the client makes progress: one that takes nothing for
/// `patience` is dropped, so that no client holds a container up.
class stream_session : public std::enable_shared_from_this<stream_session> {
public:
  static constexpr std::size_t high_water = 4u << 20;
  static constexpr std::chrono::milliseconds patience{5'000};

  /// What the owner is told. After `closed` nothing more is.
  struct callbacks {
    std::function<void(std::string_view)> input; ///< bytes for stdin
    std::function<void()> input_end;             ///< stdin is to be closed
    std::function<void()> input_shut;            ///< the client writes no more, but did not say to close stdin
    std::function<void()> drained;               ///< below high_water again
    std::function<void()> closed;                ///< the client is gone or was dropped
  };

  stream_session(event_loop& loop, sys::unique_fd socket, open_stream wants)
      : loop_(loop), socket_(std::move(socket)), wants_(std::move(wants)) {}

  /// Until the process exists: only notices that the client goes away. `left` is what it sent after its token.
  result<void> wait(std::string_view left, std::function<void()> closed);
  /// Begins to serve, after wait().
  void start(callbacks on);

  void send(frame type, std::string_view payload);
  void send_log_advanced();
  /// Sends `end` and closes when all was taken; until then it owns itself.
  void end(int exit_code);
  /// Closes now.
  void close();

  /// Stops or goes on taking the client's input (the process does not read its stdin).
  void hold_input(bool held);

  [[nodiscard]] std::size_t unsent() const { return out_.size() - sent_; }
  [[nodiscard]] const open_stream& wants() const { return wants_; }
  [[nodiscard]] bool is_open() const { return static_cast<bool>(socket_); }

private:
  void on_event(std::uint32_t events);
  void read_input();
  void parse_input();
  void flush();
  void update_watch();

  event_loop& loop_;
  sys::unique_fd socket_;
  event_loop::watch watch_; ///< after socket_: dies first
  event_loop::timer stalled_;
  open_stream wants_;
  callbacks on_;
  stream::reader in_;
  std::string out_;
  std::size_t sent_ = 0;
  bool input_held_ = true, input_ended_ = false, ending_ = false, was_over_limit_ = false;
  std::shared_ptr<stream_session> self_; ///< while ending
  bool advance_unsent_ = false;          ///< a log_advanced frame is in out_: another would say nothing new
};

} // namespace gantry::monitor
