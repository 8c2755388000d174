#pragma once

#include <map>
#include <string>

#include "messages/domain/monitor.hpp"
#include "messages/metrics.hpp"

namespace gantry {

/// What came of the starts, and the ends, of one monitor's processes. Its labels are bounded: launchers are the
/// configuration's runtimes, reasons are `most_reasons`, and "other" for the rest.
class launch_tally {
public:
  static constexpr std::size_t most_reasons = 32;

  void started(const monitor::started& made);
  void failed(const monitor::runtime_command& asked);
  void exec_asked() { ++execs_; }
  void exited(const monitor::process_exited& fact);
  void lost() { ++losses_; }

  void say(metrics& to) const;

private:
  std::map<std::string, std::uint64_t> starts_, start_failures_; ///< by launcher: "native", "runc"
  std::map<std::string, std::uint64_t> fallbacks_;               ///< by what native does not implement
  std::uint64_t exits_ = 0, oom_kills_ = 0, execs_ = 0, losses_ = 0;
};

} // namespace gantry
