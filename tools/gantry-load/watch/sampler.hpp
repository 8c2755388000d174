#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "tools/gantry-load/watch/usage.hpp"

namespace gantry::load {

/// Samples the engine's processes every 250 ms on a thread of its own; less often where that would take more than a
/// twentieth of a core, as reading the PSS of a thousand shims does.
class sampler {
public:
  /// `names`: see engine_selection.
  sampler(std::string socket, std::vector<std::string> names);
  sampler(const sampler&) = delete;
  sampler& operator=(const sampler&) = delete;
  ~sampler();

  /// Takes a sample at once and counts it. Any thread; blocks while it reads.
  usage_sample sample_now();
  /// Takes the last sample and ends; once.
  usage finish();

private:
  void run();
  void stop();

  std::string socket_;
  engine_selection which_;
  std::mutex reading_; ///< guards which_ and sum_
  usage_sum sum_;
  double host_before_;
  std::mutex state_;
  std::condition_variable ended_;
  bool stop_ = false;
  std::thread thread_;
};

} // namespace gantry::load
