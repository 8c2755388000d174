#pragma once

#include <deque>
#include <memory>
#include <set>

#include "runtime/monitor/child_processes.hpp"

namespace gantry::monitor {

/// What one native launch needs.
struct native_launch {
  native_order order;
  std::vector<sys::unique_fd> descriptors; ///< as native_order says; closed here once the process has them
};

/// A process that executes its program.
struct launched_process {
  pid_t pid = -1;
  sys::unique_fd handle;  ///< pidfd
  std::uint64_t mark = 0; ///< child_processes::mark() from before it was made
};

/// Launches at most `limit` processes at once, each until it executes its program; more wait in order. The loop's
/// thread alone.
class native_launches {
public:
  struct request {
    std::function<result<native_launch>()> prepare; ///< called when the launch's turn has come
    /// Optional: the process has been made. It may have ended, but its pid is still its own.
    std::function<void(pid_t)> made = nullptr;
    /// The process, or why it did not come to run: then it is gone, or being killed.
    std::function<void(result<launched_process>)> done;
  };
  static constexpr std::chrono::seconds patience{120}; ///< then it is killed: timeout

  native_launches(event_loop& loop, child_processes& processes, std::size_t limit)
      : loop_(loop), processes_(processes), limit_(limit) {}

  void add(request what);

  /// As job_queue's.
  [[nodiscard]] std::uint64_t next_number() const { return next_; }
  [[nodiscard]] std::uint64_t oldest() const { return open_.empty() ? next_ : *open_.begin(); }

private:
  struct running {
    std::uint64_t number = 0;
    launched_process process;
    sys::unique_fd progress;
    std::string said;
    event_loop::watch watch; ///< after progress: dies first
    event_loop::timer deadline;
    std::function<void(result<launched_process>)> done;
  };
  using running_ptr = std::shared_ptr<running>;
  void start_next();
  void start(request what, std::uint64_t number);
  void read_progress(const running_ptr& one);
  void finish(running_ptr one, result<void> how);

  event_loop& loop_;
  child_processes& processes_;
  std::size_t limit_, running_ = 0;
  bool starting_ = false;
  std::deque<std::pair<std::uint64_t, request>> waiting_;
  std::set<std::uint64_t> open_; ///< waiting or running
  std::uint64_t next_ = 0;
};

} // namespace gantry::monitor
