#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class network_ls_command : public command {
public:
  void declare(option_set& app) override { list_.declare(app); }

  result<int> execute(context& with, const operands&) override {
    std::string target = "/networks";
    GANTRY_LET(auto filters, filters_of(list_.filters));
    if (!filters.empty()) http::add_query(target, "filters", filters);
    GANTRY_LET(auto networks, with.api.get(target));
    listing shown;
    shown.titles = {{"ID", "NETWORK ID"}, {"Name", "NAME"}, {"Driver", "DRIVER"}, {"Scope", "SCOPE"}};
    shown.columns = {"ID", "Name", "Driver", "Scope"};
    for (const auto& network : networks) {
      json row = json::object();
      row["Driver"] = text(network, "Driver");
      row["ID"] = list_.shown_id(text(network, "Id"));
      row["Name"] = text(network, "Name");
      row["Scope"] = text(network, "Scope");
      shown.rows.push_back(std::move(row));
    }
    return print_list(with, shown, list_, "ID");
  }

private:
  list_options list_;
};

} // namespace

const verb network_ls_verb{.operands = "", .summary = "List networks", .make = make_command<network_ls_command>};

} // namespace gantry::cli
