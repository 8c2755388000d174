#include "tools/gantry-load/scenario/run_state.hpp"

namespace gantry::load {

ending run_state::note(const failure& why) {
  if (why.refused()) return ending::refused;
  if (interrupted.is_set()) return ending::failed;
  if (why.why == failure::cause::status) ++measured.answers[why.status];
  ++measured.failures[kind_of(why)];
  return ending::failed;
}

} // namespace gantry::load
