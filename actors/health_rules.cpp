#include "actors/health_rules.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace gantry::health {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr nanoseconds usual_interval = seconds(30), usual_timeout = seconds(30), usual_start_interval = seconds(5);
constexpr int usual_retries = 3;
/// An image may say anything: what a clock can hold, and not so often that the host does nothing else.
constexpr nanoseconds shortest = std::chrono::milliseconds(1), longest = std::chrono::hours(24 * 365);

nanoseconds or_usual(nanoseconds asked, nanoseconds usual) {
  return asked.count() == 0 ? usual : std::clamp(asked, shortest, longest);
}

template<class T>
void inherit(T& field, const T& from) {
  if (field == T{}) field = from;
}

/// With as many decimals as are not zero.
std::string decimal(std::int64_t nanos, std::int64_t unit, std::string_view name) {
  auto text = fmt::format("{}", nanos / unit);
  if (auto rest = nanos % unit; rest != 0) {
    auto digits = fmt::format("{}", unit + rest).substr(1);
    digits.erase(digits.find_last_not_of('0') + 1);
    text += "." + digits;
  }
  return text.append(name);
}

} // namespace

std::optional<healthcheck> choose(const std::optional<healthcheck>& user, const std::optional<healthcheck>& image) {
  auto made = user.value_or(healthcheck{});
  if (image) {
    inherit(made.test, image->test);
    inherit(made.interval, image->interval);
    inherit(made.timeout, image->timeout);
    inherit(made.start_period, image->start_period);
    inherit(made.start_interval, image->start_interval);
    inherit(made.retries, image->retries);
  }
  if (made.test.size() < 2 || made.test.front() == "NONE") return std::nullopt;
  return made;
}

std::vector<std::string> command_of(const healthcheck& check, const std::vector<std::string>& shell) {
  auto command = check.test.front() == "CMD-SHELL" ? shell : std::vector<std::string>();
  command.insert(command.end(), check.test.begin() + 1, check.test.end());
  return command;
}

nanoseconds timeout_of(const healthcheck& check) { return or_usual(check.timeout, usual_timeout); }

/// The first probe after the start period is due as soon as that ends, however long the interval is.
nanoseconds until_next(const healthcheck& check, health_status now, nanoseconds up) {
  const auto interval = or_usual(check.interval, usual_interval);
  if (up >= check.start_period) return interval;
  const auto often = or_usual(check.start_interval, usual_start_interval);
  return std::min(now == health_status::starting ? often : interval, check.start_period - up);
}

void take(health_state& state, const healthcheck& check, probe_result result, nanoseconds up) {
  const bool good = result.exit_code == 0;
  state.log.push_back(std::move(result));
  if (state.log.size() > max_probe_results) state.log.erase(state.log.begin());
  if (good) {
    state.failing_streak = 0;
    state.now = health_status::healthy;
    return;
  }
  // A container that starts is given its time: failures count only after that.
  if (state.now == health_status::starting && up < check.start_period) return;
  ++state.failing_streak;
  if (state.failing_streak >= (check.retries > 0 ? check.retries : usual_retries)) state.now = health_status::unhealthy;
}

std::string kept_output(std::string output) {
  if (output.size() <= max_probe_output) return output;
  output.resize(max_probe_output);
  return output += "...";
}

std::string go_duration(nanoseconds time) {
  const auto nanos = time.count();
  constexpr std::int64_t micro = 1000, milli = 1000 * micro, second = 1000 * milli, minute = 60 * second;
  if (nanos == 0) return "0s";
  if (nanos < micro) return decimal(nanos, 1, "ns");
  if (nanos < milli) return decimal(nanos, micro, "µs");
  if (nanos < second) return decimal(nanos, milli, "ms");
  auto text = decimal(nanos % minute, second, "s");
  if (nanos < minute) return text;
  if (nanos < 60 * minute) return fmt::format("{}m{}", nanos / minute, text);
  return fmt::format("{}h{}m{}", nanos / (60 * minute), nanos / minute % 60, text);
}

} // namespace gantry::health
