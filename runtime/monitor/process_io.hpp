#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/monitor/disk_writer.hpp"
#include "runtime/monitor/stream_session.hpp"

namespace gantry::monitor {

/// The stdio of one process (a container's init or an exec session): its pipes or terminal, its log, its clients.
/// Output is read only while the log's queue and every client have room, so it costs no memory beyond those bounds, and
/// what does not fit waits in the kernel's pipe and then in the process. The loop's thread alone.
class process_io : public std::enable_shared_from_this<process_io> {
public:
  struct settings {
    bool tty = false, open_stdin = false, stdin_once = false;
    bool hold_output = false; ///< nothing is read until a client comes, for `hold_patience` at most
    log_target log;
    std::uint16_t height = 0, width = 0;
    bool console_pair = false;      ///< a terminal comes over one end of a socket pair, the other is descriptor 3
    std::size_t keep_output = 0;    ///< bytes
    std::uint32_t uid = 0, gid = 0; ///< whose the pipes are: who is to open them again as /dev/stdout
  };

  process_io(event_loop& loop, disk_writer& disk, settings how) : loop_(loop), disk_(disk), how_(std::move(how)) {}
  ~process_io();

  /// Makes what the process will hold: FIFOs <prefix>stdin, stdout and stderr, or the socket <prefix>console.sock over
  /// which the runtime passes the terminal. Returns the process's descriptors 0 to 2 (a terminal's: `null`, and the
  /// scratch file for the runtime's words), and with `console_pair` the socket for the terminal.
  result<std::vector<sys::unique_fd>> open(const std::string& folder, const std::string& prefix);

  /// Opens our ends again after the monitor that made them died. A terminal is lost with that monitor.
  result<void> reopen(const std::string& folder);

  /// The process runs: takes its terminal, begins to read.
  result<void> started();

  /// What was printed so far, when the process did not come to run: the runtime's words.
  std::string take_printed();

  /// The process has ended: reads what is left, until the pipes are closed or `patience` passes (a grandchild holds
  /// them), then calls `drained`.
  void drain(std::function<void()> drained);
  static constexpr std::chrono::milliseconds drain_patience{2'000}, hold_patience{10'000};

  /// The beginning of the output, as far as settings::keep_output says.
  std::string take_kept() { return std::exchange(kept_, {}); }

  /// All is written: tells the clients and lets them go.
  void finish(int exit_code);
  /// The process did not come to run: lets the clients go without an `end`.
  void abandon();

  void attach(const std::shared_ptr<stream_session>& client);
  result<void> resize(std::uint16_t height, std::uint16_t width);
  [[nodiscard]] const std::shared_ptr<log_queue>& log() const { return log_; }

private:
  struct source {
    sys::unique_fd fd;
    event_loop::watch watch; ///< after fd: dies first
    log::output from = log::output::out;
  };
  result<std::vector<sys::unique_fd>> open_pipes(const std::string& folder, const std::string& prefix);
  result<std::vector<sys::unique_fd>> open_console(const std::string& folder, const std::string& prefix);
  result<sys::unique_fd> open_stdin_pipe(const std::string& path);
  result<void> take_terminal();
  void open_log();
  void read_from(source& from);
  void source_ended(source& from);
  void deliver(log::output from, std::string_view bytes);
  [[nodiscard]] bool may_read() const;
  void update_reading();
  void check_drained();
  void give_up_draining();
  void take_input(std::string_view bytes);
  void close_input();
  void flush_input();
  void client_closed(const stream_session* gone);
  void update_follow();
  void shut_input();
  void release_output();

  event_loop& loop_;
  disk_writer& disk_;
  settings how_;
  std::shared_ptr<log_queue> log_;
  source out_, err_;
  sys::unique_fd console_socket_; ///< until the terminal has come
  sys::unique_fd scratch_;        ///< with a terminal: the runtime's stdout and stderr
  sys::unique_fd in_;             ///< pipes: our end of stdin
  event_loop::watch in_watch_;    ///< after in_
  std::string kept_;              ///< at most how_.keep_output
  std::string pending_input_;     ///< at most high_input and one frame
  bool input_closing_ = false, log_full_ = false, started_ = false;
  std::vector<std::shared_ptr<stream_session>> clients_;
  std::function<void()> drained_;
  event_loop::timer drain_timer_, retry_timer_, hold_timer_; ///< hold_timer_: output is held
};

} // namespace gantry::monitor
