#include "tools/gantry-load/watch/usage.hpp"

#include <unistd.h>

#include <algorithm>

namespace gantry::load {

void usage_sum::add(const usage_sample& sample, const std::vector<process>& engine) {
  bool first = made_.samples++ == 0;
  if (first) made_.start = sample;
  made_.end = sample;
  auto& peak = made_.peak;
  peak.processes = std::max(peak.processes, sample.processes);
  peak.threads = std::max(peak.threads, sample.threads);
  peak.descriptors = std::max(peak.descriptors, sample.descriptors);
  peak.pss_kb = std::max(peak.pss_kb, sample.pss_kb);
  for (const auto& one : engine) {
    // What came during the run did all of its work in it.
    auto& of =
        seen_.try_emplace({one.pid, one.started}, first ? ticks{one.cpu, 0, one.reaped_cpu, 0} : ticks{}).first->second;
    of.now = one.cpu;
    of.reaped = one.reaped_cpu;
  }
}

usage usage_sum::so_far() const {
  auto made = made_;
  std::uint64_t cpu = 0, reaped = 0;
  for (const auto& [key, of] : seen_) {
    cpu += of.now - of.before;
    reaped += of.reaped - of.reaped_before;
  }
  auto ms_per_tick = 1e3 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  made.cpu_ms = static_cast<double>(cpu) * ms_per_tick;
  made.reaped_cpu_ms = static_cast<double>(reaped) * ms_per_tick;
  return made;
}

} // namespace gantry::load
