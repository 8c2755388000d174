#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/gantry-load/report/report.hpp"

namespace gantry::load {

namespace {

using json = nlohmann::ordered_json;

double ms(nanoseconds value) { return std::chrono::duration<double, std::milli>(value).count(); }

json latency_of(const histogram& of) {
  return {{"count", of.count()},      {"min_ms", ms(of.min())},    {"p50_ms", ms(of.at(0.5))},
          {"p90_ms", ms(of.at(0.9))}, {"p99_ms", ms(of.at(0.99))}, {"p999_ms", ms(of.at(0.999))},
          {"max_ms", ms(of.max())},   {"mean_ms", ms(of.mean())}};
}

json sample_of(const usage_sample& of) {
  return {{"pss_kb", of.pss_kb}, {"processes", of.processes}, {"threads", of.threads}, {"descriptors", of.descriptors}};
}

json asked_of(const settings& s) {
  json made{{"scenario", name_of(s.what)},
            {"image", s.image},
            {"cmd", s.cmd},
            {"loop", s.open_loop() ? "open" : "closed"},
            {"count", s.count},
            {"seconds", s.seconds},
            {"retry_429", s.retry_429},
            {"wait", s.wait},
            {"network", s.network},
            {"memory", s.memory},
            {"pids_limit", s.pids_limit},
            {"read_only", s.read_only},
            {"runtime", s.runtime}};
  if (s.open_loop())
    made.update({{"rate", s.rate}, {"seed", s.seed}, {"max_in_flight", s.max_in_flight}});
  else
    made["in_flight"] = s.in_flight;
  if (s.what == scenario::exec) made["containers"] = s.containers;
  return made;
}

json usage_of(const usage& u, std::uint64_t units) {
  auto each = [&](double cpu_ms) { return cpu_ms / static_cast<double>(std::max<std::uint64_t>(units, 1)); };
  return {{"samples", u.samples},
          {"start", sample_of(u.start)},
          {"peak", sample_of(u.peak)},
          {"end", sample_of(u.end)},
          {"cpu_ms", u.cpu_ms},
          {"children_cpu_ms", u.reaped_cpu_ms},
          {"host_cpu_ms", u.host_cpu_ms},
          {"cpu_ms_per_unit", each(u.cpu_ms)},
          {"children_cpu_ms_per_unit", each(u.reaped_cpu_ms)},
          {"host_cpu_ms_per_unit", each(u.host_cpu_ms)}};
}

json memory_of(const hold_memory& m) {
  auto each = (static_cast<double>(m.held.pss_kb) - static_cast<double>(m.before.pss_kb)) /
              static_cast<double>(std::max<std::uint64_t>(m.containers, 1));
  return {{"containers", m.containers},
          {"before", sample_of(m.before)},
          {"held", sample_of(m.held)},
          {"pss_kb_per_container", each}};
}

json answers_of(const measurements& m) {
  json made = json::object();
  for (const auto& [status, times] : m.answers) made[std::to_string(status)] = times;
  return made;
}

json counts_of(const measurements& m) {
  return {{"begun", m.begun},     {"done", m.done}, {"failed", m.failed},
          {"refused", m.refused}, {"shed", m.shed}, {"peak_in_flight", m.peak_in_flight}};
}

} // namespace

std::string render_json(const report& what) {
  const auto& m = what.measured;
  json made{
      {"run", what.run_id},
      {"engine", {{"name", what.engine.name}, {"version", what.engine.version}, {"api", what.engine.api_version}}},
      {"asked", asked_of(what.asked)},
      {"seconds", what.seconds},
      {"per_second", what.seconds > 0 ? static_cast<double>(m.done) / what.seconds : 0.0},
      {"units", counts_of(m)},
      {"interrupted", what.interrupted},
      {"fine", what.fine()}};
  json stages = json::object();
  for (auto which : stages_in_order)
    if (m.of(which).count() != 0) stages[std::string(name_of(which))] = latency_of(m.of(which));
  made["latency"] = std::move(stages);
  made["refusals"] = latency_of(m.refusals);
  made["failures"] = m.failures;
  made["answers"] = answers_of(m);
  if (what.settle_seconds) {
    made["settle_seconds"] = *what.settle_seconds;
    made["settled_per_second"] = static_cast<double>(m.done) / (what.seconds + *what.settle_seconds);
  }
  if (what.used) made["engine_usage"] = usage_of(*what.used, m.begun);
  if (what.memory) made["memory"] = memory_of(*what.memory);
  made["own_cpu_ms"] = what.own_cpu_ms;
  made["connections"] = what.connections;
  made["leaked"] = what.leaked;
  made["left"] = what.left;
  made["leaks_known"] = what.leaks_known;
  return made.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string render_csv(const report& what) {
  std::string text = "scenario,stage,count,min_ms,p50_ms,p90_ms,p99_ms,p999_ms,max_ms,mean_ms\n";
  auto row = [&](std::string_view name, const histogram& of) {
    text += fmt::format("{},{},{},{:.4f},{:.4f},{:.4f},{:.4f},{:.4f},{:.4f},{:.4f}\n", name_of(what.asked.what), name,
                        of.count(), ms(of.min()), ms(of.at(0.5)), ms(of.at(0.9)), ms(of.at(0.99)), ms(of.at(0.999)),
                        ms(of.max()), ms(of.mean()));
  };
  for (auto which : stages_in_order)
    if (what.measured.of(which).count() != 0) row(name_of(which), what.measured.of(which));
  row("refused", what.measured.refusals);
  return text;
}

} // namespace gantry::load
