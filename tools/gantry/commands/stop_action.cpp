#include "tools/gantry/commands/stop_action.hpp"

namespace gantry::cli {

void stop_action::declare(option_set& app) {
  app.value("-t,--timeout,--time", seconds_, "Seconds to wait before SIGKILL; -1 for no end");
  app.value("-s,--signal", signal_, "Signal to send instead of the container's");
}

result<void> stop_action::extend(std::string& target) const {
  if (seconds_) http::add_query(target, "t", std::to_string(*seconds_));
  if (!signal_.empty()) http::add_query(target, "signal", signal_);
  return {};
}

} // namespace gantry::cli
