#pragma once

#include <sys/types.h>

#include <memory>

#include "runtime/monitor/child_plan.hpp"
#include "runtime/monitor/native_order.hpp"
#include "runtime/sys/unique_fd.hpp"

namespace gantry::monitor {

/// The parent's end of a zygote: a tiny process that makes children which are the monitor's own (CLONE_PARENT). It is
/// executed afresh from a sealed memfd, so it shares no memory, descriptors or locks with the monitor, and a fork of
/// it copies next to nothing. One thread (the epoll thread) uses it.
class zygote {
public:
  /// Starts it; its children get this nice value. Call it before SIGCHLD matters: its pid is `pid()`. Errors: the
  /// errno's.
  static result<zygote> start(int niceness);

  /// Makes a child that carries out `plan`; returns its pid at once, without waiting for execve. The descriptors stay
  /// the caller's. Takes some 200 us. Errors: exhausted (no process or memory), unavailable (the zygote is gone:
  /// start another).
  result<pid_t> spawn(const child_plan& plan, const std::vector<int>& descriptors);

  /// Launches a container's process; its `progress` says how that goes on. Errors: carry_out_order's; unavailable as
  /// above.
  result<native::started> launch(const native_order& order, const std::vector<int>& descriptors);

  [[nodiscard]] pid_t pid() const { return pid_; }

private:
  result<void> send(std::uint32_t kind, const std::string& order, const std::vector<int>& descriptors);
  zygote(sys::unique_fd socket, pid_t pid) : socket_(std::move(socket)), pid_(pid) {}
  sys::unique_fd socket_;
  pid_t pid_ = -1;
};

/// The argument by which the monitor's program knows that it is to be a zygote; its children's nice value follows.
inline constexpr auto zygote_argument = "--zygote";

/// The zygote's life: serves spawn() over descriptor 3 until that closes. Returns the program's exit code.
int zygote_main(int niceness);

} // namespace gantry::monitor
