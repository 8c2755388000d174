#include "tools/gantry/commands/archives.hpp"
#include "tools/gantry/commands/show_progress.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class load_command : public command {
public:
  void declare(option_set& app) override {
    app.value("-i,--input", input_, "Read from this file instead of stdin");
    app.flag("-q,--quiet", quiet_, "Do not show the progress");
  }

  result<int> execute(context& with, const operands&) override {
    if (input_.empty() && with.io.in_is_terminal)
      return fail(errc::invalid_argument, "stdin is a terminal: use -i FILE, or redirect the input");
    http::request what{.method = "POST", .target = "/images/load"};
    http::add_query(what.target, "quiet", quiet_ ? "1" : "0");
    what.headers.emplace_back("Content-Type", "application/x-tar");
    GANTRY_LET(auto answer, send_file(with, what, input_.empty() ? "-" : input_));
    GANTRY_TRY(show_progress(with, answer, with.io.out, with.io.out_is_terminal));
    return 0;
  }

private:
  std::string input_;
  bool quiet_ = false;
};

} // namespace

const verb load_verb{.operands = "", .summary = "Load images from a tar archive", .make = make_command<load_command>};

} // namespace gantry::cli
