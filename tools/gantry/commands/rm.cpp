#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class rm_command : public command {
public:
  void declare(option_set& app) override {
    app.flag("-f,--force", force_, "Kill what runs");
    app.flag("-v,--volumes", volumes_, "Remove the containers' anonymous volumes too");
  }

  result<int> execute(context& with, const operands& given) override {
    return for_each_operand(with, given, [&](const std::string& name) -> result<std::string> {
      auto target = container_path(name);
      if (force_) http::add_query(target, "force", "1");
      if (volumes_) http::add_query(target, "v", "1");
      auto removed = with.api.remove(target);
      if (removed) return name;
      if (!force_ || removed.error().code != errc::not_found) return tl::unexpected<error>(removed.error());
      // With force, what is not there is as wanted: said, and no failure.
      with.io.err << "gantry: " << removed.error().message << '\n';
      return std::string();
    });
  }

private:
  bool force_ = false, volumes_ = false;
};

} // namespace

const verb rm_verb{.operands = "CONTAINER [CONTAINER...]",
                   .summary = "Remove containers",
                   .least = 1,
                   .most = any_number,
                   .make = make_command<rm_command>,
                   .completes = "container"};

} // namespace gantry::cli
