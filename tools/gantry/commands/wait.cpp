#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class wait_command : public command {
public:
  void declare(option_set& app) override {
    app.choice("--condition", condition_, {"not-running", "next-exit", "removed"}, "not-running, next-exit or removed");
  }

  result<int> execute(context& with, const operands& given) override {
    return for_each_operand(with, given, [&](const std::string& name) -> result<std::string> {
      auto target = container_path(name, "wait");
      if (!condition_.empty()) http::add_query(target, "condition", condition_);
      GANTRY_LET(auto exited, with.api.post(target));
      if (auto failure = text(exited, "Error.Message"); !failure.empty()) return fail(errc::internal, "{}", failure);
      return std::to_string(number(exited, "StatusCode"));
    });
  }

private:
  std::string condition_;
};

} // namespace

const verb wait_verb{.operands = "CONTAINER [CONTAINER...]",
                     .summary = "Wait until containers stop, and print their exit codes",
                     .least = 1,
                     .most = any_number,
                     .make = make_command<wait_command>,
                     .completes = "container"};

} // namespace gantry::cli
