#pragma once

#include <termios.h>

#include <optional>
#include <string>
#include <string_view>

#include "messages/domain/error.hpp"

namespace gantry::cli {

/// Puts a terminal into raw mode and gives it back at the end of its life (termios(3), cfmakeraw). Signals that end the
/// program must be taken by a signal_watch while one lives, so that the end is reached.
class raw_mode {
public:
  static result<raw_mode> enter(int fd);
  raw_mode(raw_mode&& other) noexcept : fd_(std::exchange(other.fd_, -1)), before_(other.before_) {}
  raw_mode& operator=(raw_mode&&) = delete;
  ~raw_mode() { restore(); }
  void restore() noexcept;

private:
  raw_mode(int fd, const termios& before) : fd_(fd), before_(before) {}
  int fd_;
  termios before_;
};

struct window_size {
  unsigned rows = 0, columns = 0;
};

/// Nothing when `fd` is no terminal or does not know its size.
std::optional<window_size> window_size_of(int fd);

/// Finds the keys that leave a container running (`--detach-keys`, ctrl-p ctrl-q) in what is typed.
class detach_keys {
public:
  /// "ctrl-p,ctrl-q", "a,b": letters, or ctrl- with a letter or one of @[\]^_ . Errors: invalid_argument.
  static result<detach_keys> parse(std::string_view keys);

  struct outcome {
    std::string typed; ///< what goes to the container; keys that may begin the sequence are held back
    bool detached = false;
  };
  outcome feed(std::string_view bytes);

private:
  std::string sequence_;
  std::size_t matched_ = 0;
};

} // namespace gantry::cli
