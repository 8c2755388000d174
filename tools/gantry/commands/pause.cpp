#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class pause_command : public container_action {
public:
  pause_command() : container_action("pause") {}
};

} // namespace

const verb pause_verb{.operands = "CONTAINER [CONTAINER...]",
                      .summary = "Pause all processes of containers",
                      .least = 1,
                      .most = any_number,
                      .make = make_command<pause_command>,
                      .completes = "container"};

} // namespace gantry::cli
