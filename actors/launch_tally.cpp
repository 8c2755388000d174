#include "actors/launch_tally.hpp"

namespace gantry {
namespace {

std::string name_of(const std::string& launcher) { return launcher.substr(launcher.rfind('/') + 1); }

/// Of "the native launcher does not implement linux.intelRdt", the member.
std::string reason_of(const std::string& why) {
  static constexpr std::string_view words = "does not implement ";
  auto at = why.find(words);
  return at == std::string::npos ? why : why.substr(at + words.size());
}

} // namespace

void launch_tally::started(const monitor::started& made) {
  ++starts_[name_of(made.launcher)];
  if (made.fell_back.empty()) return;
  auto reason = reason_of(made.fell_back);
  bool fits = fallbacks_.size() < most_reasons || fallbacks_.contains(reason);
  ++fallbacks_[fits ? reason : "other"];
}

void launch_tally::failed(const monitor::runtime_command& asked) {
  ++start_failures_[asked.native ? monitor::native_runtime : name_of(asked.path)];
}

void launch_tally::exited(const monitor::process_exited& fact) {
  if (!fact.exec_id.empty()) return;
  ++exits_;
  oom_kills_ += fact.oom_killed ? 1 : 0;
}

void launch_tally::say(metrics& to) const {
  constexpr auto counter = metric::kind::counter;
  to.add("gantry_container_starts_total", "Containers started, by what made the process.", counter,
         samples_by("launcher", starts_));
  to.add("gantry_container_start_failures_total", "Starts that failed, by what was to make the process.", counter,
         samples_by("launcher", start_failures_));
  to.add("gantry_native_fallbacks_total", "Starts that native left to an OCI runtime, by what it does not implement.",
         counter, samples_by("reason", fallbacks_));
  to.count("gantry_container_exits_total", "Containers whose first process ended.", exits_);
  to.count("gantry_container_oom_kills_total", "Of them, those that the kernel killed for their memory.", oom_kills_);
  to.count("gantry_execs_total", "Processes asked for in running containers.", execs_);
  to.count("gantry_monitor_losses_total", "Monitors that died and were replaced.", losses_);
}

} // namespace gantry
