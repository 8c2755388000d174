#pragma once

#include <deque>
#include <functional>
#include <unordered_map>
#include <unordered_set>

#include "runtime/monitor/event_loop.hpp"
#include "runtime/monitor/zygote.hpp"

namespace gantry::monitor {

/// waitid's answer as a shell gives it: the exit code, or 128 + signal.
struct exit_status {
  int code = 0;
};

/// Everything that is, or becomes by reparenting, a child of this process: makes children through the zygote, reaps
/// them all, and tells who waits for one. The loop's thread alone.
class child_processes {
public:
  /// Blocks SIGCHLD in the calling thread (call it before threads are made), makes this process a subreaper. The
  /// children get this nice value.
  static result<std::unique_ptr<child_processes>> start(event_loop& loop, int niceness);

  using on_exit = std::function<void(exit_status)>;

  /// Makes a child and calls `exited` when it has ended. Errors: zygote::spawn's.
  result<pid_t> spawn(const child_plan& plan, const std::vector<int>& descriptors, on_exit exited);

  /// Launches a container's process natively; its exit is for watch(). Errors: zygote::launch's.
  result<native::started> launch(const native_order& order, const std::vector<int>& descriptors);

  /// Calls `exited` when the child of this pid, made by somebody else, ends. One that ended since `mark` is told at
  /// once (from within the call). False: it is no child of ours (any more).
  bool watch(pid_t pid, std::uint64_t mark, on_exit exited);
  void forget(pid_t pid) { waiting_.erase(pid); }

  /// A point in time for watch(): exits of unknown children are remembered, the last 4,096 of them, so that a
  /// container's init that ends before the runtime has named it is not missed.
  [[nodiscard]] std::uint64_t mark() const { return exits_; }

private:
  child_processes(event_loop& loop, int niceness) : loop_(loop), niceness_(niceness) {}
  result<void> listen();
  void children_ended();
  void tell_programs();
  void reap();
  void told(pid_t pid, exit_status status);
  void remember(pid_t pid, exit_status status);

  struct unknown_exit {
    std::uint64_t number;
    exit_status status;
  };
  event_loop& loop_;
  int niceness_;
  std::optional<zygote> zygote_;
  sys::unique_fd signals_;
  event_loop::watch signals_watch_;
  event_loop::timer reap_timer_;
  std::unordered_set<pid_t> programs_;       ///< made by spawn(), and not told yet
  std::unordered_set<pid_t> ended_programs_; ///< told, and not reaped yet
  std::unordered_map<pid_t, on_exit> waiting_;
  std::uint64_t exits_ = 0; ///< how many unknown children ended so far
  std::unordered_map<pid_t, unknown_exit> unknown_;
  std::deque<std::pair<pid_t, std::uint64_t>> unknown_order_;
};

} // namespace gantry::monitor
