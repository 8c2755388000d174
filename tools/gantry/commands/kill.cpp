#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class kill_command : public container_action {
public:
  kill_command() : container_action("kill") {}

  void declare(option_set& app) override { app.value("-s,--signal", signal_, "Signal to send"); }

protected:
  result<void> extend(std::string& target) const override {
    if (!signal_.empty()) http::add_query(target, "signal", signal_);
    return {};
  }

private:
  std::string signal_;
};

} // namespace

const verb kill_verb{.operands = "CONTAINER [CONTAINER...]",
                     .summary = "Send a signal to containers, SIGKILL by default",
                     .least = 1,
                     .most = any_number,
                     .make = make_command<kill_command>,
                     .completes = "container"};

} // namespace gantry::cli
