#include "tools/gantry/commands/prune_objects.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class container_prune_command : public prune_command {
public:
  container_prune_command() : prune_command(prune_containers) {}
};

} // namespace

const verb container_prune_verb{
    .operands = "", .summary = "Remove containers that are not used", .make = make_command<container_prune_command>};

} // namespace gantry::cli
