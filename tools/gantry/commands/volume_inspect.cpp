#include "tools/gantry/commands/inspect_object.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class volume_inspect_command : public command {
public:
  void declare(option_set& app) override {
    app.value("-f,--format", format_, "json, or a template such as '{{.Name}}'");
  }

  result<int> execute(context& with, const operands& given) override {
    return inspect_objects(with, given, {&volume_kind, 1}, format_, false);
  }

private:
  std::string format_;
};

} // namespace

const verb volume_inspect_verb{.operands = "VOLUME [VOLUME...]",
                               .summary = "Show all that is known of volumes",
                               .least = 1,
                               .most = any_number,
                               .make = make_command<volume_inspect_command>,
                               .completes = "volume"};

} // namespace gantry::cli
