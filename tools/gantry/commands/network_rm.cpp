#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class network_rm_command : public command {
public:
  void declare(option_set& app) override {
    app.flag("-f,--force", force_, "No failure for a network that is not there");
  }

  result<int> execute(context& with, const operands& given) override {
    return for_each_operand(with, given, [&](const std::string& name) -> result<std::string> {
      auto removed = with.api.remove("/networks/" + http::escape(name));
      if (!removed && force_ && removed.error().code == errc::not_found) return std::string();
      if (!removed) return tl::unexpected<error>(std::move(removed.error()));
      return name;
    });
  }

private:
  bool force_ = false;
};

} // namespace

const verb network_rm_verb{.operands = "NETWORK [NETWORK...]",
                           .summary = "Remove networks",
                           .least = 1,
                           .most = any_number,
                           .make = make_command<network_rm_command>,
                           .completes = "network"};

} // namespace gantry::cli
