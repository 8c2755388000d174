#include "tools/gantry/commands/prune_objects.hpp"
#include "tools/gantry/commands/verbs.hpp"

namespace gantry::cli {

namespace {

class image_prune_command : public prune_command {
public:
  image_prune_command() : prune_command(prune_images) {}
};

} // namespace

const verb image_prune_verb{
    .operands = "", .summary = "Remove images that are not used", .make = make_command<image_prune_command>};

} // namespace gantry::cli
