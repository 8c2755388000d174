#pragma once

#include <optional>
#include <string>

#include "tools/gantry/line/command.hpp"
#include "tools/gantry/stream/session.hpp"

namespace gantry::cli {

/// How the console is tied to a container or an exec session.
struct attachment_options {
  bool terminal = false;
  bool input = false;
  std::string detach_keys = "ctrl-p,ctrl-q";
  std::string resize_target = {}; ///< "/containers/<id>/resize": told of the window's size
  std::string kill_target =
      {}; ///< "/containers/<id>/kill": given the signals that come; empty: they have their usual effect
};

/// The console's side of attach, exec and run: raw mode, window size, signals, and the stream. One thread.
class attachment {
public:
  /// Begins to take signals. Errors: failed_precondition when a terminal is asked for and stdin is none;
  /// invalid_argument for the detach keys.
  static result<attachment> begin(context& with, attachment_options how);

  /// Pumps until the stream ends, detaches or a signal ends it; the terminal's mode is restored then.
  result<session::ending> pump(http::raw_stream stream);
  /// Waits until `descriptor` is readable, passing on signals meanwhile. False when a signal ended the waiting.
  result<bool> wait_readable(int descriptor);
  /// The exit code of a program that a signal ended, as shells have it.
  [[nodiscard]] int signal_code() const { return 128 + ended_by_; }

private:
  attachment(context& with, attachment_options how, detach_keys keys)
      : with_(with), how_(std::move(how)), keys_(std::move(keys)) {}
  bool on_signal(int signal);
  void resize();
  signal_rule rule();

  context& with_;
  attachment_options how_;
  detach_keys keys_;
  std::optional<signal_watch> watch_;
  int ended_by_ = 0;
};

/// Waits for the answer of a /wait request that was sent, while `during` passes on signals, and returns the exit code.
/// When the daemon went away in between, the next one is asked.
result<int> await_exit(context& with, const std::string& id, http::response& waiting, attachment& during);

/// docker's exit code for a failure to start: 127 when the program was not found, 126 when it may not be executed, else
/// 125.
int start_failure_code(const error& failure);

} // namespace gantry::cli
