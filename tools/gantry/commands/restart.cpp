#include "tools/gantry/commands/stop_action.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

struct restart_command : stop_action {
  restart_command() : stop_action("restart") {}
};

} // namespace

const verb restart_verb{.operands = "CONTAINER [CONTAINER...]",
                        .summary = "Restart containers",
                        .least = 1,
                        .most = any_number,
                        .make = make_command<restart_command>,
                        .completes = "container"};

} // namespace gantry::cli
