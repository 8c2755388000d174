#include "tools/gantryd/engine_of.hpp"

namespace gantry::daemon {

engine_options engine_of(const settings& all) {
  engine_options options;
  options.root = all.root;
  options.run_dir = all.run_dir;
  return options;
}

} // namespace gantry::daemon
