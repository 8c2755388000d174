#include <poll.h>

#include <charconv>
#include <cstdio>

#include "runtime/cgroup/mode.hpp"
#include "runtime/cgroup/stats.hpp"
#include "runtime/native/main/arguments.hpp"
#include "runtime/native/main/commands.hpp"

namespace gantry::oci_program {
namespace {

constexpr int oom_interval = 200; // ms between two looks at the kills

/// runc's form, of what cgroup::stats has.
std::string stats_json(const std::string& id, const cgroup::stats& of) {
  return fmt::format(R"({{"type":"stats","id":{},"data":{{"cpu":{{"usage":{{"total":{},"kernel":{},"user":{}}},)"
                     R"("throttling":{{"periods":{},"throttledPeriods":{},"throttledTime":{}}}}},)"
                     R"("memory":{{"cache":{},"usage":{{"limit":{},"usage":{},"max":{},"failcnt":0}}}},)"
                     R"("pids":{{"current":{},"limit":{}}}}}}})"
                     "\n",
                     native::json_string(id), of.cpu_total_ns, of.cpu_system_ns, of.cpu_user_ns, of.cpu_periods,
                     of.cpu_throttled_periods, of.cpu_throttled_ns, of.memory_inactive_file, of.memory_limit,
                     of.memory_usage, of.memory_peak, of.pids, of.pids_limit);
}

void print_at_once(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

/// "5s", "500ms" or "2m" in milliseconds, as Go writes durations; 0: it is none of these.
int milliseconds_of(const std::string& text) {
  int number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (problem != std::errc{} || number <= 0 || number > 86'400'000 / 60'000) return 0;
  return unit == "ms" ? number : unit == "s" ? number * 1000 : unit == "m" ? number * 60'000 : 0;
}

result<void> print_stats(const container_record& record) {
  GANTRY_LET(const auto now, cgroup::read_stats(*cgroup::of_host(), record.cgroup_path));
  print_at_once(stats_json(record.id, now));
  return {};
}

/// Until the init ends: kills by the OOM killer as they are seen, and the use of the host at each interval.
result<int> follow_events(const container_record& record, const sys::unique_fd& init, int interval) {
  auto kills = cgroup::read_oom_kills(*cgroup::of_host(), record.cgroup_path).value_or(0);
  pollfd ended{init.get(), POLLIN, 0};
  for (int waited = 0;; waited += oom_interval) {
    const bool over = ::poll(&ended, 1, oom_interval) > 0;
    const auto now = cgroup::read_oom_kills(*cgroup::of_host(), record.cgroup_path).value_or(kills);
    for (; kills < now; ++kills)
      print_at_once(fmt::format("{{\"type\":\"oom\",\"id\":{}}}\n", native::json_string(record.id)));
    if (over) return 0;
    if (waited % interval < oom_interval) GANTRY_TRY(print_stats(record));
  }
}

} // namespace

result<int> command_events(const record_folder& records, const words& args, const program_log&) {
  GANTRY_LET(const auto given, parse_arguments(args, {{"stats", "", false}, {"interval", "", true}}));
  GANTRY_LET(const auto id, only_id(given.rest, "events"));
  const auto text = given.has("interval") ? given.value("interval") : "5s";
  const int interval = milliseconds_of(text);
  if (interval == 0) return fail(errc::invalid_argument, "{} is no interval", text);
  GANTRY_LET(const auto record, records.load(id));
  const auto init = open_init(record);
  if (!init || !cgroup::of_host()) return fail(errc::failed_precondition, "container with id {} is not running", id);
  if (!given.has("stats")) return follow_events(record, init, interval);
  GANTRY_TRY(print_stats(record));
  return 0;
}

} // namespace gantry::oci_program
