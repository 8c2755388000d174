#include "api/docker/render/words.hpp"

#include "messages/domain/duration.hpp"
#include <fmt/format.h>

#include "runtime/log/json_line.hpp"

namespace gantry::docker {

namespace {

std::string health_words(const std::optional<health_state>& health) {
  if (!health) return {};
  return fmt::format(" ({}{})", health->now == health_status::starting ? "health: " : "", to_string(health->now));
}

} // namespace

std::string status_words(const container_state& state, unix_nanos now) {
  auto since = [now](unix_nanos then) { return human_duration(std::chrono::seconds((now - then) / 1'000'000'000)); };
  switch (state.now) {
  case phase::created:
  case phase::starting:
    return "Created";
  case phase::running:
    return "Up " + since(state.started_at) + health_words(state.health);
  case phase::paused:
    return "Up " + since(state.started_at) + " (Paused)";
  case phase::restarting:
    return fmt::format("Restarting ({}) {} ago", state.exit_code, since(state.finished_at));
  case phase::exited:
    break;
  case phase::removing:
    return "Removal In Progress";
  case phase::dead:
    return "Dead";
  }
  return fmt::format("Exited ({}) {} ago", state.exit_code, since(state.finished_at));
}

std::string time_text(unix_nanos time) { return time == 0 ? "0001-01-01T00:00:00Z" : log::format_time(time); }

std::string command_line(const std::vector<std::string>& args) {
  std::string line;
  for (const auto& arg : args) {
    if (&arg != &args.front()) line += ' ';
    bool quoted = &arg != &args.front() && arg.find(' ') != std::string::npos;
    line += quoted ? "'" + arg + "'" : arg;
  }
  return line;
}

} // namespace gantry::docker
