#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/ps_row.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class ps_command : public command {
public:
  void declare(option_set& app) override {
    list_.declare(app);
    app.flag("-a,--all", all_, "Show those that do not run too");
    app.flag("-s,--size", size_, "Show sizes");
    app.flag("-l,--latest", latest_, "Show the latest created, whatever its state");
    app.value("-n,--last", last_, "Show the N latest created, whatever their state");
  }

  result<int> execute(context& with, const operands&) override {
    GANTRY_LET(auto target, query());
    GANTRY_LET(auto containers, with.api.get(target));
    listing shown;
    shown.titles = {{"ID", "CONTAINER ID"},      {"Image", "IMAGE"},
                    {"Command", "COMMAND"},      {"RunningFor", "CREATED"},
                    {"CreatedAt", "CREATED AT"}, {"Status", "STATUS"},
                    {"State", "STATE"},          {"Ports", "PORTS"},
                    {"Names", "NAMES"},          {"Size", "SIZE"},
                    {"Labels", "LABELS"},        {"Mounts", "MOUNTS"},
                    {"Networks", "NETWORKS"},    {"LocalVolumes", "LOCAL VOLUMES"}};
    shown.columns = {"ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names"};
    if (size_) shown.columns.emplace_back("Size");
    if (containers.is_array())
      for (const auto& container : containers) shown.rows.push_back(ps_row(container, list_, unix_now()));
    return print_list(with, shown, list_, "ID");
  }

private:
  result<std::string> query() const {
    std::string target = "/containers/json";
    if (all_) http::add_query(target, "all", "1");
    if (size_ || list_.format.find(".Size") != std::string::npos) http::add_query(target, "size", "1");
    if (latest_ || last_ > 0) http::add_query(target, "limit", std::to_string(latest_ ? 1 : last_));
    GANTRY_LET(auto filters, filters_of(list_.filters));
    if (!filters.empty()) http::add_query(target, "filters", filters);
    return target;
  }

  list_options list_;
  bool all_ = false, size_ = false, latest_ = false;
  int last_ = -1;
};

} // namespace

const verb ps_verb{.operands = "", .summary = "List containers", .make = make_command<ps_command>};

} // namespace gantry::cli
