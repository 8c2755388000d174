#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "runtime/monitor/event_loop.hpp"
#include "runtime/monitor/worker_thread.hpp"

namespace gantry::monitor {

/// Cgroups that no container is in any more, for the next ones (README.md, "Why cgroups are used again"). They lie
/// beside those that they served, under names that begin with "idle-". The loop's thread alone.
class idle_cgroups {
public:
  static constexpr std::size_t limit = 16;            ///< that are kept
  static constexpr std::chrono::seconds patience{60}; ///< then an unused one is removed

  /// The worker is where they are made idle and removed, and must outlive this object's loop. `record` is the file
  /// that names what a monitor which was killed has left: that goes now.
  idle_cgroups(event_loop& loop, worker_thread& worker, std::string record);

  /// The path of one with these terms beside `path`; whoever asked for it has it renamed, or says remove(). Empty:
  /// none.
  std::string take(const std::string& terms, const std::string& path);
  /// Absent is success.
  void remove(std::string path);

  /// Keeps the cgroups of a container that has ended if they are as new, else removes them. `done` hears whether they
  /// are gone from `path`; else somebody is in them still.
  void give_back(const std::string& terms, const std::string& path, std::function<void(bool gone)> done);

  /// Removes all, then calls `done`.
  void end_all(std::function<void()> done);

private:
  struct idle {
    std::string terms, path;
    event_loop::clock::time_point since;
  };
  void keep(idle one);
  void end_unused();
  std::string next_name_beside(const std::string& path);

  event_loop& loop_;
  worker_thread& worker_;
  std::string record_;
  /// What the record names: the worker's thread alone.
  std::shared_ptr<std::set<std::string>> recorded_ = std::make_shared<std::set<std::string>>();
  std::deque<idle> idle_;  ///< the longest unused first
  std::size_t coming_ = 0; ///< under way at the worker
  std::uint64_t next_ = 0;
  bool ended_ = false;
  event_loop::timer end_timer_;
};

} // namespace gantry::monitor
