#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"
#include "tools/gantry/format/units.hpp"

namespace gantry::cli {

namespace {

double real(const json& document, std::string_view path) {
  const auto& value = at(document, path);
  return value.is_number() ? value.get<double>() : 0;
}

/// Of one CPU, in percent, from two samples (Engine API, "ContainerStats").
double cpu_percent(const json& stats) {
  auto used = real(stats, "cpu_stats.cpu_usage.total_usage") - real(stats, "precpu_stats.cpu_usage.total_usage");
  auto passed = real(stats, "cpu_stats.system_cpu_usage") - real(stats, "precpu_stats.system_cpu_usage");
  auto cpus = std::max(1.0, real(stats, "cpu_stats.online_cpus"));
  return used > 0 && passed > 0 ? used / passed * cpus * 100 : 0;
}

/// Memory that cannot be given back at once: without the page cache that is inactive, as docker counts.
double memory_used(const json& stats) {
  auto usage = real(stats, "memory_stats.usage");
  auto inactive =
      std::max(real(stats, "memory_stats.stats.total_inactive_file"), real(stats, "memory_stats.stats.inactive_file"));
  return inactive < usage ? usage - inactive : usage;
}

json row_of(const json& stats, const std::string& id) {
  auto memory = memory_used(stats), limit = real(stats, "memory_stats.limit");
  double received = 0, sent = 0;
  for (const auto& [name, link] : at(stats, "networks").items()) {
    received += real(link, "rx_bytes");
    sent += real(link, "tx_bytes");
  }
  auto name = text(stats, "name");
  if (name.starts_with('/')) name.erase(0, 1);
  json row = json::object();
  row["CPUPerc"] = fmt::format("{:.2f}%", cpu_percent(stats));
  row["Container"] = row["ID"] = short_id(id);
  row["MemPerc"] = fmt::format("{:.2f}%", limit > 0 ? memory / limit * 100 : 0);
  row["MemUsage"] = human_size_binary(memory) + " / " + human_size_binary(limit);
  row["Name"] = name;
  row["NetIO"] = human_size(received, 3) + " / " + human_size(sent, 3);
  row["PIDs"] = std::to_string(number(stats, "pids_stats.current"));
  return row;
}

class stats_command : public command {
public:
  void declare(option_set& app) override {
    app.flag("--no-stream", once_, "Show one sample (the only way that there is)");
    app.flag("-a,--all", all_, "Show those that do not run too");
    app.value("--format", format_, "table, json, or a template such as '{{.Name}} {{.MemUsage}}'");
    app.flag("--json", as_json_, "One JSON document a line");
  }

  result<int> execute(context& with, const operands& given) override {
    GANTRY_LET(auto names, wanted(with, given));
    listing shown;
    shown.titles = {
        {"ID", "CONTAINER ID"}, {"Name", "NAME"},     {"CPUPerc", "CPU %"}, {"MemUsage", "MEM USAGE / LIMIT"},
        {"MemPerc", "MEM %"},   {"NetIO", "NET I/O"}, {"PIDs", "PIDS"},     {"Container", "CONTAINER"}};
    shown.columns = {"ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "PIDs"};
    for (const auto& name : names) {
      GANTRY_LET(auto stats, with.api.get(container_path(name, "stats?stream=false")));
      shown.rows.push_back(row_of(stats, text(stats, "id").empty() ? name : text(stats, "id")));
    }
    GANTRY_TRY(print_listing(shown, as_json_ ? "json" : format_, with.io.out));
    return 0;
  }

private:
  result<operands> wanted(context& with, const operands& given) const {
    if (!given.empty()) return given;
    GANTRY_LET(auto containers, with.api.get(all_ ? "/containers/json?all=1" : "/containers/json"));
    operands ids;
    for (const auto& container : containers) ids.push_back(text(container, "Id"));
    return ids;
  }

  bool once_ = false, all_ = false, as_json_ = false;
  std::string format_;
};

} // namespace

const verb stats_verb{.operands = "[CONTAINER...]",
                      .summary = "Show what containers use, once",
                      .most = any_number,
                      .make = make_command<stats_command>,
                      .completes = "container"};

} // namespace gantry::cli
