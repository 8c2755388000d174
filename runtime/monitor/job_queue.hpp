#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>

#include "runtime/monitor/child_processes.hpp"

namespace gantry::monitor {

/// What one job starts with.
struct launch {
  child_plan plan;
  std::vector<sys::unique_fd> descriptors; ///< as plan.targets numbers them; closed here once the child has them
};

/// How a job ended: the child's status, or why there is none: exhausted, unavailable, timeout (it was killed), or what
/// `prepare` said.
using job_end = result<exit_status>;

struct job {
  std::function<result<launch>()> prepare; ///< called when the job's turn has come
  std::chrono::milliseconds timeout{120'000};
  std::function<void(job_end)> done;
};

/// Runs at most `limit` children at once; more wait in order. The loop's thread alone.
class job_queue {
public:
  job_queue(event_loop& loop, child_processes& processes, std::size_t limit)
      : loop_(loop), processes_(processes), limit_(limit) {}

  void add(job what);

  /// Jobs are numbered as they are added: those before `next_number()` have all ended once `oldest()` has reached it.
  [[nodiscard]] std::uint64_t next_number() const { return next_; }
  [[nodiscard]] std::uint64_t oldest() const;

private:
  struct running {
    std::uint64_t number = 0;
    event_loop::timer deadline;
    bool timed_out = false;
    std::function<void(job_end)> done;
  };
  void start_next();
  void start(job what, std::uint64_t number);
  void ended(pid_t pid, exit_status status);
  void kill(pid_t pid);

  event_loop& loop_;
  child_processes& processes_;
  std::size_t limit_;
  bool starting_ = false;
  std::uint64_t next_ = 0; ///< the waiting ones are those just before it
  std::deque<job> waiting_;
  std::unordered_map<pid_t, running> running_;
};

/// A descriptor of /dev/null, and an empty file in memory, for stdio.
result<sys::unique_fd> open_null();
result<sys::unique_fd> open_scratch(std::string_view content = {});
/// What was written to a scratch file, at most 64 KiB.
std::string read_scratch(int fd);

} // namespace gantry::monitor
