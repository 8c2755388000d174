#include "tools/gantry-load/engine/create_body.hpp"
#include "tools/gantry-load/scenario/container.hpp"
#include "tools/gantry-load/scenario/drive.hpp"
#include "tools/gantry-load/scenario/scenarios.hpp"

namespace gantry::load {

namespace {

task<> remove_leftover(run_state& run, std::string id) {
  // It may be in any state: the kill's answer says nothing.
  co_await run.api.kill(id);
  co_await run.api.remove(id, engine_api::removal::forced);
}

} // namespace

task<outcome<std::vector<std::string>>> remove_leftovers(run_state& run) {
  auto left = co_await run.api.labelled(run_label, run.run_id);
  if (!left) co_return tl::unexpected(std::move(left.error()));
  auto remove = [&](std::size_t n) { return remove_leftover(run, (*left)[n]); };
  co_await for_each_number(run, left->size(), 16, remove);
  co_return std::move(*left);
}

} // namespace gantry::load
