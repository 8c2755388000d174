#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"
#include "tools/gantry/format/table.hpp"
#include "tools/gantry/format/template_functions.hpp"

namespace gantry::cli {

namespace {

std::vector<std::string> cells_of(const json& row) {
  std::vector<std::string> cells;
  for (const auto& cell : row) cells.push_back(go_text(cell));
  return cells;
}

class top_command : public command {
public:
  void declare(option_set&) override {}

  result<int> execute(context& with, const operands& given) override {
    auto target = container_path(given[0], "top");
    std::string arguments;
    for (std::size_t i = 1; i < given.size(); ++i) arguments += (i > 1 ? " " : "") + given[i];
    if (!arguments.empty()) http::add_query(target, "ps_args", arguments);
    GANTRY_LET(auto processes, with.api.get(target));
    std::vector<std::vector<std::string>> lines{cells_of(at(processes, "Titles"))};
    for (const auto& row : at(processes, "Processes")) lines.push_back(cells_of(row));
    with.io.out << render_table(lines);
    return 0;
  }
};

} // namespace

const verb top_verb{.operands = "CONTAINER [ps OPTIONS]",
                    .summary = "Show the processes of a container",
                    .least = 1,
                    .most = any_number,
                    .make = make_command<top_command>,
                    .where = verb::order::options_first,
                    .completes = "container"};

} // namespace gantry::cli
