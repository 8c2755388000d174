#pragma once

#include <csignal>
#include <initializer_list>
#include <optional>
#include <string>

#include "messages/domain/error.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::cli {

/// Takes signals as readable events instead of their default effect, while it lives (signalfd(2)).
/// Construct it in the one thread of the program. Those still pending at its end take their effect then.
class signal_watch {
public:
  static result<signal_watch> begin(std::initializer_list<int> signals);
  signal_watch(signal_watch&& other) noexcept;
  signal_watch& operator=(signal_watch&&) = delete;
  ~signal_watch();

  [[nodiscard]] int descriptor() const { return fd_.get(); }
  /// The next signal that came; nothing when there is none. Never blocks.
  std::optional<int> next();

private:
  signal_watch() = default;
  sys::unique_fd fd_;
  sigset_t before_{};
};

/// "TERM" for SIGTERM; the number when it has no name.
std::string signal_name(int signal);

} // namespace gantry::cli
