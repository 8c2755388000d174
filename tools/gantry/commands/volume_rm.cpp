#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class volume_rm_command : public command {
public:
  void declare(option_set& app) override {
    app.flag("-f,--force", force_, "No failure for a volume that is not there");
  }

  result<int> execute(context& with, const operands& given) override {
    return for_each_operand(with, given, [&](const std::string& name) -> result<std::string> {
      auto target = "/volumes/" + http::escape(name);
      if (force_) http::add_query(target, "force", "1");
      GANTRY_TRY(with.api.remove(target));
      return name;
    });
  }

private:
  bool force_ = false;
};

} // namespace

const verb volume_rm_verb{.operands = "VOLUME [VOLUME...]",
                          .summary = "Remove volumes",
                          .least = 1,
                          .most = any_number,
                          .make = make_command<volume_rm_command>,
                          .completes = "volume"};

} // namespace gantry::cli
