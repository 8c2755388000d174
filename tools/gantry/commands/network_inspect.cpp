#include "tools/gantry/commands/inspect_object.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class network_inspect_command : public command {
public:
  void declare(option_set& app) override {
    app.value("-f,--format", format_, "json, or a template such as '{{.Name}}'");
  }

  result<int> execute(context& with, const operands& given) override {
    return inspect_objects(with, given, {&network_kind, 1}, format_, false);
  }

private:
  std::string format_;
};

} // namespace

const verb network_inspect_verb{.operands = "NETWORK [NETWORK...]",
                                .summary = "Show all that is known of networks",
                                .least = 1,
                                .most = any_number,
                                .make = make_command<network_inspect_command>,
                                .completes = "network"};

} // namespace gantry::cli
