#include <optional>

#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class restart_command : public container_action {
public:
  restart_command() : container_action("restart") {}

  void declare(option_set& app) override {
    app.value("-t,--timeout,--time", seconds_, "Seconds to wait before SIGKILL; -1 for no end");
    app.value("-s,--signal", signal_, "Signal to send instead of the container's");
  }

protected:
  result<void> extend(std::string& target) const override {
    if (seconds_) http::add_query(target, "t", std::to_string(*seconds_));
    if (!signal_.empty()) http::add_query(target, "signal", signal_);
    return {};
  }

private:
  std::optional<int> seconds_;
  std::string signal_;
};

} // namespace

const verb restart_verb{.operands = "CONTAINER [CONTAINER...]",
                        .summary = "Restart containers",
                        .least = 1,
                        .most = any_number,
                        .make = make_command<restart_command>,
                        .completes = "container"};

} // namespace gantry::cli
