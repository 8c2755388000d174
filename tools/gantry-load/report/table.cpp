#include <fmt/format.h>

#include "tools/gantry-load/report/report.hpp"

namespace gantry::load {

namespace {

using std::chrono::duration;
using milliseconds = duration<double, std::milli>;

/// Three or four figures, whatever the size.
std::string ms_text(nanoseconds value) {
  auto in_ms = milliseconds(value).count();
  return fmt::format("{:.{}f}", in_ms, in_ms < 10 ? 2 : in_ms < 100 ? 1 : 0);
}

void add_row(std::string& to, std::string_view name, const histogram& of) {
  if (of.count() == 0) return;
  to += fmt::format("  {:<15}{:>9}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}\n", name, of.count(), ms_text(of.min()),
                    ms_text(of.at(0.5)), ms_text(of.at(0.9)), ms_text(of.at(0.99)), ms_text(of.at(0.999)),
                    ms_text(of.max()));
}

std::string head_of(const report& r) {
  const auto& s = r.asked;
  auto loop = s.open_loop() ? fmt::format("open loop, {:g} arrivals/s (seed {}), at most {} in flight", s.rate, s.seed,
                                          s.max_in_flight)
                            : fmt::format("closed loop, {} in flight", s.in_flight);
  return fmt::format("{} {} (API {}), {} of {}: {}\n", r.engine.name, r.engine.version, r.engine.api_version,
                     name_of(s.what), s.image, loop);
}

std::string counts_of(const report& r) {
  const auto& m = r.measured;
  auto rate = r.seconds > 0 ? static_cast<double>(m.done) / r.seconds : 0;
  auto text =
      fmt::format("{} done in {:.2f} s: {:.1f}/s; {} failed, {} refused", m.done, r.seconds, rate, m.failed, m.refused);
  if (m.refusals.count() != 0) text += fmt::format(" (HTTP 429 {} times)", m.refusals.count());
  if (r.asked.open_loop()) text += fmt::format(", {} shed", m.shed);
  text += fmt::format(", at most {} in flight", m.peak_in_flight);
  text += r.interrupted ? "; interrupted\n" : "\n";
  if (r.settle_seconds)
    text += fmt::format("settled {:.2f} s later: {:.1f}/s\n", *r.settle_seconds,
                        static_cast<double>(m.done) / (r.seconds + *r.settle_seconds));
  return text;
}

std::string latencies_of(const measurements& m) {
  auto text = fmt::format("\n  {:<15}{:>9}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}\n", "latency, ms", "count", "min", "p50",
                          "p90", "p99", "p99.9", "max");
  for (auto which : stages_in_order) add_row(text, name_of(which), m.of(which));
  add_row(text, "refused (429)", m.refusals);
  return text;
}

std::string usage_of(const report& r) {
  if (!r.used) return {};
  const auto& u = *r.used;
  auto text = fmt::format("\n  {:<15}{:>12}{:>12}{:>12}\n", "engine", "start", "peak", "end");
  auto row = [&](const char* name, std::uint64_t usage_sample::*of) {
    text += fmt::format("  {:<15}{:>12}{:>12}{:>12}\n", name, u.start.*of, u.peak.*of, u.end.*of);
  };
  row("PSS, KB", &usage_sample::pss_kb);
  row("processes", &usage_sample::processes);
  row("threads", &usage_sample::threads);
  row("descriptors", &usage_sample::descriptors);
  auto each = [&](double cpu_ms) { return cpu_ms / static_cast<double>(std::max<std::uint64_t>(r.measured.begun, 1)); };
  text += fmt::format("  CPU ms per unit: engine {:.2f}, its children {:.2f}, whole host {:.2f}, gantry-load {:.2f}\n",
                      each(u.cpu_ms), each(u.reaped_cpu_ms), each(u.host_cpu_ms), each(r.own_cpu_ms));
  return text;
}

std::string memory_of(const report& r) {
  if (!r.memory || r.memory->containers == 0) return {};
  const auto& m = *r.memory;
  auto each =
      (static_cast<double>(m.held.pss_kb) - static_cast<double>(m.before.pss_kb)) / static_cast<double>(m.containers);
  auto fds = (static_cast<double>(m.held.descriptors) - static_cast<double>(m.before.descriptors)) /
             static_cast<double>(m.containers);
  return fmt::format("  {} held: {:.1f} KB of PSS and {:.1f} descriptors each on the engine's side\n", m.containers,
                     each, fds);
}

std::string troubles_of(const report& r) {
  std::string text;
  for (const auto& [kind, times] : r.measured.failures) text += fmt::format("  {:>7} x {}\n", times, kind);
  if (!text.empty()) text = "\nfailures:\n" + text;
  if (!r.leaks_known) text += "\nwhat is left could not be asked for\n";
  if (!r.leaked.empty()) text += fmt::format("\n{} containers were left over, and removed:\n", r.leaked.size());
  for (const auto& id : r.leaked) text += fmt::format("  {}\n", id);
  if (!r.left.empty()) text += fmt::format("\n{} containers could not be removed:\n", r.left.size());
  for (const auto& id : r.left) text += fmt::format("  {}\n", id);
  return text;
}

} // namespace

std::string render_table(const report& what) {
  return head_of(what) + counts_of(what) + latencies_of(what.measured) + usage_of(what) + memory_of(what) +
         troubles_of(what);
}

} // namespace gantry::load
