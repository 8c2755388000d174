#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

std::string labels_of(const json& volume) {
  std::string shown;
  for (const auto& [key, value] : at(volume, "Labels").items())
    shown += (shown.empty() ? "" : ",") + key + "=" + (value.is_string() ? value.get<std::string>() : "");
  return shown;
}

class volume_ls_command : public command {
public:
  void declare(option_set& app) override { list_.declare(app); }

  result<int> execute(context& with, const operands&) override {
    std::string target = "/volumes";
    GANTRY_LET(auto filters, filters_of(list_.filters));
    if (!filters.empty()) http::add_query(target, "filters", filters);
    GANTRY_LET(auto answer, with.api.get(target));
    listing shown;
    shown.titles = {{"Driver", "DRIVER"},
                    {"Name", "VOLUME NAME"},
                    {"Mountpoint", "MOUNTPOINT"},
                    {"Scope", "SCOPE"},
                    {"Labels", "LABELS"}};
    shown.columns = {"Driver", "Name"};
    for (const auto& volume : at(answer, "Volumes")) {
      json row = json::object();
      for (const auto* field : {"Driver", "Mountpoint", "Name", "Scope"}) row[field] = text(volume, field);
      row["Labels"] = labels_of(volume);
      shown.rows.push_back(std::move(row));
    }
    return print_list(with, shown, list_, "Name");
  }

private:
  list_options list_;
};

} // namespace

const verb volume_ls_verb{.operands = "", .summary = "List volumes", .make = make_command<volume_ls_command>};

} // namespace gantry::cli
