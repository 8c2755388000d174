#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class rmi_command : public command {
public:
  void declare(option_set& app) override {
    app.flag("-f,--force", force_, "Remove an image that a container uses");
    app.flag("--no-prune", no_prune_, "Keep untagged parents");
  }

  result<int> execute(context& with, const operands& given) override {
    return for_each_operand(with, given, [&](const std::string& name) -> result<std::string> {
      auto target = "/images/" + http::escape(name);
      if (force_) http::add_query(target, "force", "1");
      if (no_prune_) http::add_query(target, "noprune", "1");
      GANTRY_LET(auto removed, with.api.remove(target));
      if (!removed.is_array()) return std::string();
      for (const auto& item : removed)
        for (const auto& [what, which] : item.items()) with.io.out << what << ": " << text(item, what) << '\n';
      return std::string();
    });
  }

private:
  bool force_ = false, no_prune_ = false;
};

} // namespace

const verb rmi_verb{.operands = "IMAGE [IMAGE...]",
                    .summary = "Remove images",
                    .least = 1,
                    .most = any_number,
                    .make = make_command<rmi_command>,
                    .completes = "image"};

} // namespace gantry::cli
