#include "tools/gantry/commands/common.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class unpause_command : public container_action {
public:
  unpause_command() : container_action("unpause") {}
};

} // namespace

const verb unpause_verb{.operands = "CONTAINER [CONTAINER...]",
                        .summary = "Unpause all processes of containers",
                        .least = 1,
                        .most = any_number,
                        .make = make_command<unpause_command>,
                        .completes = "container"};

} // namespace gantry::cli
