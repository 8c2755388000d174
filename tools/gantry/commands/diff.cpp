#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class diff_command : public command {
public:
  void declare(option_set&) override {}

  result<int> execute(context& with, const operands& given) override {
    GANTRY_LET(auto changes, with.api.get(container_path(given[0], "changes")));
    if (!changes.is_array()) return 0;
    for (const auto& change : changes) {
      const auto kind = number(change, "Kind");
      with.io.out << (kind == 1 ? "A " : kind == 2 ? "D " : "C ") << text(change, "Path") << '\n';
    }
    return 0;
  }
};

} // namespace

const verb diff_verb{.operands = "CONTAINER",
                     .summary = "Show what a container changed of its image's files",
                     .least = 1,
                     .most = 1,
                     .make = make_command<diff_command>,
                     .completes = "container"};

} // namespace gantry::cli
