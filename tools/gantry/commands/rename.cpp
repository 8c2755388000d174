#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class rename_command : public command {
public:
  void declare(option_set&) override {}

  result<int> execute(context& with, const operands& given) override {
    auto target = container_path(given[0], "rename");
    http::add_query(target, "name", given[1]);
    GANTRY_TRY(with.api.post(target));
    return 0;
  }
};

} // namespace

const verb rename_verb{.operands = "CONTAINER NEW_NAME",
                       .summary = "Rename a container",
                       .least = 2,
                       .most = 2,
                       .make = make_command<rename_command>,
                       .completes = "container"};

} // namespace gantry::cli
