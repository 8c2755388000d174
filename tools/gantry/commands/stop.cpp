#include "tools/gantry/commands/stop_action.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

struct stop_command : stop_action {
  stop_command() : stop_action("stop") {}
};

} // namespace

const verb stop_verb{.operands = "CONTAINER [CONTAINER...]",
                     .summary = "Stop containers",
                     .least = 1,
                     .most = any_number,
                     .make = make_command<stop_command>,
                     .completes = "container"};

} // namespace gantry::cli
