#include "tools/gantry/commands/prune_objects.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class network_prune_command : public command {
public:
  void declare(option_set& app) override {
    app.flag("-f,--force", forced_, "Do not ask");
    app.list("--filter", filters_, "Remove what matches KEY=VALUE");
  }

  result<int> execute(context& with, const operands&) override {
    GANTRY_LET(const auto agreed, confirm_prune(with, std::string(prune_networks.what), forced_));
    if (!agreed) return 0;
    std::int64_t nothing = 0; // networks take no space
    GANTRY_TRY(prune(with, prune_networks, filters_, nothing));
    return 0;
  }

private:
  bool forced_ = false;
  std::vector<std::string> filters_;
};

} // namespace

const verb network_prune_verb{
    .operands = "", .summary = "Remove networks that no container is on", .make = make_command<network_prune_command>};

} // namespace gantry::cli
