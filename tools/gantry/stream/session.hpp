#pragma once

#include <functional>
#include <string>

#include "tools/gantry/http/client.hpp"
#include "tools/gantry/line/console.hpp"
#include "tools/gantry/stream/demux.hpp"
#include "tools/gantry/terminal/signals.hpp"
#include "tools/gantry/terminal/terminal.hpp"

namespace gantry::cli {

/// What to do with the signals that come while a stream or an exit is waited for.
struct signal_rule {
  signal_watch* watch = nullptr; ///< null: signals have their usual effect
  /// Told of each; false ends the waiting.
  std::function<bool(int signal)> on_signal;

  /// Passes on all that came. False when one of them ends the waiting.
  [[nodiscard]] bool drain() const;
};

/// Pumps bytes between a container and the console until the container's output ends, the detach keys are typed or
/// a signal ends it. stdin's end closes the container's stdin and not its output (shutdown(2), SHUT_WR).
/// One thread waits in poll(2) for both directions, so that neither holds up the other; it holds at most 64 KiB of
/// input.
class session {
public:
  enum class ending { output_ended, detached, by_signal };

  struct options {
    bool forward_input = false;
    bool terminal = false; ///< the container's bytes as they are, and detach keys are heeded
    bool detachable = true;
    detach_keys keys = {};
    signal_rule signals = {};
  };

  session(http::raw_stream stream, console& io, options how);

  result<ending> run();

private:
  result<void> take_output(std::string_view bytes);
  result<bool> read_output();
  result<bool> read_input();
  result<void> write_input();
  void close_input();

  http::raw_stream stream_;
  console& io_;
  options how_;
  demultiplexer frames_;
  std::string outgoing_;
  bool input_open_;
  bool input_closing_ = false;
};

} // namespace gantry::cli
