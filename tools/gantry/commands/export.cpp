#include "tools/gantry/commands/archives.hpp"
#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class export_command : public command {
public:
  void declare(option_set& app) override { app.value("-o,--output", output_, "Write to this file instead of stdout"); }

  result<int> execute(context& with, const operands& given) override {
    if (output_.empty() && with.io.out_is_terminal)
      return fail(errc::invalid_argument,
                  "a tar archive is nothing for a terminal: use -o FILE, or redirect the output");
    GANTRY_LET(auto answer, with.api.open({.target = container_path(given[0], "export")}));
    if (!output_.empty()) {
      GANTRY_TRY(save_to_file(answer, output_));
      return 0;
    }
    GANTRY_TRY(save_to_stream(answer, with.io.out));
    return 0;
  }

private:
  std::string output_;
};

} // namespace

const verb export_verb{.operands = "CONTAINER",
                       .summary = "Write a container's files as a tar archive",
                       .least = 1,
                       .most = 1,
                       .make = make_command<export_command>,
                       .completes = "container"};

} // namespace gantry::cli
