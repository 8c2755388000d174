#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"
#include "tools/gantry/options/host_config.hpp"
#include "tools/gantry/options/syntax.hpp"

namespace gantry::cli {

namespace {

class update_command : public command {
public:
  void declare(option_set& app) override { declare_update_options(app, options_); }

  result<int> execute(context& with, const operands& given) override {
    GANTRY_LET(auto body, host_config_of(options_, surroundings::of_process()));
    if (body.empty()) return fail(errc::invalid_argument, "you must provide one or more flags when using this command");
    std::string warnings;
    const int code = for_each_operand(with, given, [&](const std::string& name) -> result<std::string> {
      GANTRY_LET(auto answer, with.api.post(container_path(name, "update"), body));
      if (const auto& said = at(answer, "Warnings"); said.is_array())
        for (const auto& one : said)
          if (one.is_string()) warnings += one.get<std::string>() + "\n";
      return name;
    });
    with.io.out << warnings;
    return code;
  }

private:
  create_options options_;
};

} // namespace

const verb update_verb{.operands = "CONTAINER [CONTAINER...]",
                       .summary = "Change the limits of containers",
                       .least = 1,
                       .most = any_number,
                       .make = make_command<update_command>,
                       .completes = "container"};

} // namespace gantry::cli
