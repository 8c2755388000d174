#include <chrono>
#include <sstream>
#include <thread>

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

/// Bytes of block devices by one operation: "read" or "write" (cgroups v1 writes them with capitals).
double device_bytes(const json& stats, std::string_view operation) {
  double sum = 0;
  const auto& entries = at(stats, "blkio_stats.io_service_bytes_recursive");
  if (!entries.is_array()) return 0;
  for (const auto& one : entries) {
    auto name = text(one, "op");
    if (!name.empty()) name[0] = static_cast<char>(name[0] | 0x20);
    if (name == operation) sum += real(one, "value");
  }
  return sum;
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
  row["BlockIO"] = human_size(device_bytes(stats, "read"), 3) + " / " + human_size(device_bytes(stats, "write"), 3);
  row["CPUPerc"] = fmt::format("{:.2f}%", cpu_percent(stats));
  row["Container"] = row["ID"] = id;
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
    app.flag("--no-stream", once_, "Show one sample and end");
    app.flag("--no-trunc", no_trunc_, "Print ids whole");
    app.flag("-a,--all", all_, "Show those that do not run too");
    app.value("--format", format_, "table, json, or a template such as '{{.Name}} {{.MemUsage}}'");
    app.flag("--json", as_json_, "One JSON document a line");
  }

  /// Without --no-stream it goes on until it is interrupted, as docker's does.
  result<int> execute(context& with, const operands& given) override {
    for (;;) {
      GANTRY_LET(const auto shown, sample(with, given));
      if (once_) {
        GANTRY_TRY(print_listing(shown, form(), with.io.out));
        return 0;
      }
      GANTRY_TRY(redraw(shown, with.io.out));
      std::this_thread::sleep_for(std::chrono::seconds(1));
    }
  }

private:
  [[nodiscard]] std::string form() const { return as_json_ ? "json" : format_; }

  result<listing> sample(context& with, const operands& given) const {
    GANTRY_LET(auto names, wanted(with, given));
    listing shown;
    shown.titles = {
        {"ID", "CONTAINER ID"},    {"Name", "NAME"},     {"CPUPerc", "CPU %"},     {"MemUsage", "MEM USAGE / LIMIT"},
        {"MemPerc", "MEM %"},      {"NetIO", "NET I/O"}, {"BlockIO", "BLOCK I/O"}, {"PIDs", "PIDS"},
        {"Container", "CONTAINER"}};
    shown.columns = {"ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"};
    for (const auto& name : names) {
      auto stats = with.api.get(container_path(name, "stats?stream=false"));
      if (!stats && stats.error().code == errc::not_found && given.empty()) continue; // it has gone since the list
      if (!stats) return tl::unexpected<error>(std::move(stats.error()));
      auto id = text(*stats, "id").empty() ? name : text(*stats, "id");
      shown.rows.push_back(row_of(*stats, no_trunc_ ? id : short_id(id)));
    }
    return shown;
  }

  /// From the terminal's upper left corner, each line and then the screen wiped to its end (ECMA-48: CUP, EL, ED).
  result<void> redraw(const listing& shown, std::ostream& to) const {
    std::ostringstream lines;
    GANTRY_TRY(print_listing(shown, form(), lines));
    to << "\x1b[H";
    std::istringstream all(lines.str());
    for (std::string line; std::getline(all, line);) to << line << "\x1b[K\n";
    if (!(to << "\x1b[J" << std::flush)) return fail(errc::unavailable, "the output was closed");
    return {};
  }

  result<operands> wanted(context& with, const operands& given) const {
    if (!given.empty()) return given;
    GANTRY_LET(auto containers, with.api.get(all_ ? "/containers/json?all=1" : "/containers/json"));
    operands ids;
    for (const auto& container : containers) ids.push_back(text(container, "Id"));
    return ids;
  }

  bool once_ = false, all_ = false, as_json_ = false, no_trunc_ = false;
  std::string format_;
};

} // namespace

const verb stats_verb{.operands = "[CONTAINER...]",
                      .summary = "Show what containers use",
                      .most = any_number,
                      .make = make_command<stats_command>,
                      .completes = "container"};

} // namespace gantry::cli
