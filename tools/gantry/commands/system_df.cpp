#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"
#include "tools/gantry/format/units.hpp"

namespace gantry::cli {

namespace {

struct usage {
  std::int64_t total = 0, active = 0, size = 0, reclaimable = 0;
  void add(bool in_use, std::int64_t bytes) {
    ++total;
    active += in_use ? 1 : 0;
    size += bytes;
    reclaimable += in_use ? 0 : bytes;
  }
};

json row_of(const char* type, const usage& used) {
  json row = json::object();
  row["Active"] = std::to_string(used.active);
  row["Reclaimable"] = human_size(static_cast<double>(used.reclaimable));
  if (used.size > 0)
    row["Reclaimable"] = fmt::format("{} ({}%)", text(row, "Reclaimable"), used.reclaimable * 100 / used.size);
  row["Size"] = human_size(static_cast<double>(used.size));
  row["TotalCount"] = std::to_string(used.total);
  row["Type"] = type;
  return row;
}

class system_df_command : public command {
public:
  void declare(option_set& app) override {
    app.value("--format", format_, "table, json, or a template such as '{{.Type}} {{.Size}}'");
    app.flag("--json", as_json_, "One JSON document a line");
  }

  result<int> execute(context& with, const operands&) override {
    GANTRY_LET(auto answer, with.api.get("/system/df"));
    usage images, containers, volumes;
    for (const auto& image : at(answer, "Images")) images.add(number(image, "Containers") > 0, number(image, "Size"));
    if (auto layers = number(answer, "LayersSize"); layers > 0) images.size = layers;
    images.reclaimable = std::min(images.reclaimable, images.size);
    for (const auto& container : at(answer, "Containers"))
      containers.add(text(container, "State") == "running", number(container, "SizeRw"));
    for (const auto& volume : at(answer, "Volumes"))
      volumes.add(number(volume, "UsageData.RefCount") > 0,
                  std::max<std::int64_t>(0, number(volume, "UsageData.Size")));
    listing shown;
    shown.titles = {{"Type", "TYPE"},
                    {"TotalCount", "TOTAL"},
                    {"Active", "ACTIVE"},
                    {"Size", "SIZE"},
                    {"Reclaimable", "RECLAIMABLE"}};
    shown.columns = {"Type", "TotalCount", "Active", "Size", "Reclaimable"};
    shown.rows = {row_of("Images", images), row_of("Containers", containers), row_of("Local Volumes", volumes)};
    GANTRY_TRY(print_listing(shown, as_json_ ? "json" : format_, with.io.out));
    return 0;
  }

private:
  std::string format_;
  bool as_json_ = false;
};

} // namespace

const verb system_df_verb{
    .operands = "", .summary = "Show how much disk is used", .make = make_command<system_df_command>};

} // namespace gantry::cli
