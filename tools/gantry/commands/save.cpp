#include "tools/gantry/commands/archives.hpp"
#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class save_command : public command {
public:
  void declare(option_set& app) override { app.value("-o,--output", output_, "Write to this file instead of stdout"); }

  result<int> execute(context& with, const operands& given) override {
    if (output_.empty() && with.io.out_is_terminal)
      return fail(errc::invalid_argument,
                  "a tar archive is nothing for a terminal: use -o FILE, or redirect the output");
    std::string target = "/images/get";
    for (const auto& image : given) http::add_query(target, "names", image);
    GANTRY_LET(auto answer, with.api.open({.target = std::move(target)}));
    GANTRY_TRY(output_.empty() ? save_to_stream(answer, with.io.out) : save_to_file(answer, output_));
    return 0;
  }

private:
  std::string output_;
};

} // namespace

const verb save_verb{.operands = "IMAGE [IMAGE...]",
                     .summary = "Write images as a tar archive",
                     .least = 1,
                     .most = any_number,
                     .make = make_command<save_command>,
                     .completes = "image"};

} // namespace gantry::cli
