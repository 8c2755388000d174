#include "tools/gantry/commands/prune_objects.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class volume_prune_command : public prune_command {
public:
  volume_prune_command() : prune_command(prune_volumes) {}
};

} // namespace

const verb volume_prune_verb{
    .operands = "", .summary = "Remove volumes that are not used", .make = make_command<volume_prune_command>};

} // namespace gantry::cli
